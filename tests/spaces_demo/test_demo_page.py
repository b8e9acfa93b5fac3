"""The page as gradio sees it; no model is loaded."""

import re

import pytest

from tdmm_hf.spaces_demo import engine, look, page, uploads

ENDPOINTS = {
    "/text_to_motion": 4,
    "/downloads": 0,
    "/motion_to_text": 2,
    "/ask": 1,
    "/every_format": 0,
    "/compare": 5,
}


@pytest.fixture(scope="module")
def blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "load", lambda model: "none")
        patch.setattr(engine, "usual_temperature", lambda model: 0.85)
        patch.setattr(engine, "questions", lambda model: ["Describe this face."])
        yield page.build()


def test_every_endpoint_has_a_name_and_takes_what_a_visitor_gives(blocks):
    named = blocks.get_api_info()["named_endpoints"]
    assert {name: len(one["parameters"]) for name, one in named.items()} == ENDPOINTS
    assert not blocks.get_api_info()["unnamed_endpoints"]


def test_endpoints_are_told_what_they_return(blocks):
    returns = blocks.get_api_info()["named_endpoints"]["/text_to_motion"]["returns"]
    assert [one["component"] for one in returns] == ["Model3d", "Textbox", "Textbox", "Plot"]


def test_whatever_needs_the_model_waits_in_one_queue(blocks):
    heavy = [fn for fn in blocks.fns.values() if fn.queue]
    assert {(fn.concurrency_id, fn.concurrency_limit) for fn in heavy} == {("model", 1)}
    assert len(heavy) == len(ENDPOINTS)


def test_what_is_kept_is_cleaned(blocks):
    frequency, age = blocks.delete_cache
    assert frequency <= age <= 3600


def test_only_what_can_be_read_is_offered_for_upload(blocks):
    kinds = [block.file_types for block in blocks.blocks.values() if hasattr(block, "file_types")]
    assert uploads.accepted() in kinds


def test_no_font_comes_from_elsewhere():
    theme = look.theme()
    assert not theme._stylesheets
    assert not re.search(r"url\((?!\"?data:)", theme._get_theme_css())
