"""Templates of model cards and what fills them; `publishing.model_card` writes the cards."""
