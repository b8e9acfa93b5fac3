"""Who is filmed, and the score of what is said of them."""

import rendered

from tdmm_hf.prompts.vocabulary import family_of


def test_every_family_is_performed_as_often():
    asked = rendered.performances(2)
    families = [family for family, _ in asked]
    assert {families.count(family) for family in families} == {2}
    for family, attributes in asked:
        (span,) = attributes.emotions
        assert family_of(span.category) == family
        assert span.intensity >= 3


def test_the_first_family_named_counts():
    texts = ["The person looks very happy.", "The person looks very sad.", "The person nods."]
    result = rendered.score(["joy", "joy", "anger"], texts)
    assert result["right_percent"] == 33.3
    assert result["pairs"] == [("joy", "joy"), ("joy", "sadness"), ("anger", "none")]
