import re

import pytest
from datasets import load_dataset, load_dataset_builder
from huggingface_hub import DatasetCard, metadata_load

from tdmm_hf.corpus.card import About, write_card
from tdmm_hf.corpus.facts import split_facts
from tdmm_hf.corpus.schema import row_features
from tdmm_hf.corpus.splits import SPLITS


def test_the_header_is_what_the_hub_reads(corpus):
    card = DatasetCard.load(corpus / "README.md")
    header = metadata_load(corpus / "README.md")
    assert card.data.to_dict() == header
    assert header["license"] == "apache-2.0"
    assert header["size_categories"] == "n<1K"
    assert header["configs"] == [
        {
            "config_name": "arkit",
            "data_files": [{"split": s, "path": f"data/{s}-*.parquet"} for s in SPLITS],
            "default": True,
        }
    ]


def test_sizes_are_those_that_datasets_counts(corpus, tmp_path):
    told = {
        one["name"]: one for one in metadata_load(corpus / "README.md")["dataset_info"]["splits"]
    }
    loaded = load_dataset(str(corpus), cache_dir=tmp_path, verification_mode="all_checks")
    for split in SPLITS:
        counted = loaded[split].info.splits[split]
        assert told[split]["num_examples"] == counted.num_examples == len(loaded[split])
        # what is read has one bit more for each value, which tells that it is not null
        assert told[split]["num_bytes"] == pytest.approx(counted.num_bytes, rel=0.04)
    info = metadata_load(corpus / "README.md")["dataset_info"]
    assert info["download_size"] == sum(p.stat().st_size for p in corpus.glob("data/*"))


def test_features_are_known_without_reading_a_shard(corpus, tmp_path):
    builder = load_dataset_builder(str(corpus), cache_dir=tmp_path)
    assert builder.info.features == row_features()


def test_the_page_tells_balance_and_every_category(corpus):
    text = (corpus / "README.md").read_text()
    facts = split_facts(corpus, "train")
    assert sum(facts.leading.values()) == facts.clips == 24
    assert f"{len(facts.leading)} emotion categories lead the 24 clips" in text
    for category in facts.emotions:
        assert re.search(rf"^{category} +\d+ +{facts.emotions[category]}  █+$", text, re.M)
    assert f"| `train` | 24 | {facts.hours:.2f} | {facts.captions} | to learn from |" in text
    assert "{{" not in text
    assert "{%" not in text


def test_facts_count_motion_and_texts(corpus, tmp_path, settings):
    facts = split_facts(corpus, "train")
    rows = load_dataset(str(corpus), split="train", cache_dir=tmp_path)
    assert facts.hours == pytest.approx(sum(row["num_frames"] for row in rows) / 25 / 3600)
    assert facts.captions == 24 * settings.captions
    assert facts.unique_texts == len(set(rows["text"]))
    assert sum(facts.seconds.values()) == sum(facts.manners.values()) == 24
    assert facts.imbalance == 0


def test_a_card_extends_another(corpus, tmp_path):
    (tmp_path / "data").symlink_to(corpus / "data")
    template = tmp_path / "mine.md.jinja"
    template.write_text(
        '{% extends "performed.md.jinja" %}{% block end %}{{ words }}{% endblock %}'
    )
    about = About(template=template, repo="user/mine", more={"words": "The end."})
    text = write_card(tmp_path, about).read_text()
    assert text.rstrip().endswith("The end.")
    assert 'load_dataset("user/mine", "arkit", split="train")' in text


def test_a_folder_without_shards_has_no_card(tmp_path):
    with pytest.raises(ValueError, match="must have data/SPLIT"):
        write_card(tmp_path)
