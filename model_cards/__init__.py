"""Templates of model cards and what fills them; `tdmm_hf.publishing.model_card` writes the cards."""
