import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tables import vocabulary

NAMES = st.sampled_from(["Industry", "Academia", "Government", "Research collective"])
COUNTRIES = st.sampled_from(["United States of America", "China", "Korea (Republic of)", "France", "Taiwan"])
DOMAINS = st.sampled_from(["Language", "Vision", "Video", "Speech", "Audio", "Other", "Biology", "Games"])


@given(st.lists(NAMES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_an_organisation_type_depends_neither_on_order_nor_on_repetition(kinds, random):
    mixed = [*kinds, *kinds]
    random.shuffle(mixed)
    assert vocabulary.organization_type(",".join(mixed)) == vocabulary.organization_type(",".join(sorted(set(kinds))))


@given(st.lists(NAMES, min_size=1, max_size=30))
def test_every_spelling_collapses_to_one_of_eight_classes(kinds):
    classes = {
        "Academia",
        "Industry",
        "Government",
        "Academia, Industry",
        "Academia, Government",
        "Industry, Government",
        "Academia, Industry, Government",
        "Other",
    }
    assert vocabulary.organization_type(",".join(kinds)) in classes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Industry,Academia", "Academia, Industry"),
        ("Academia,Industry", "Academia, Industry"),
        ("Government,Industry,Government", "Industry, Government"),
        ("Academia,Research collective", "Academia"),
        ("Research collective", "Other"),
        ("Other", "Other"),
        ("academia , INDUSTRY", "Academia, Industry"),
        ("", None),
    ],
)
def test_organisation_types(text, kind):
    assert vocabulary.organization_type(text) == kind


@given(st.lists(COUNTRIES, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_collapsed_country_does_not_depend_on_order(listed, random):
    mixed = list(listed)
    random.shuffle(mixed)
    first, second = (vocabulary.countries(",".join(names)) for names in (listed, mixed))
    assert vocabulary.collapse_countries(first) == vocabulary.collapse_countries(second)


@pytest.mark.parametrize(
    ("listed", "country"),
    [
        ("United States,United States", "United States"),
        ("United States of America,United States", "United States"),
        ("China,United States", "Multinational"),
        ("Multinational", "Multinational"),
        ("", None),
    ],
)
def test_several_countries_collapse_to_multinational_and_one_repeated_does_not(listed, country):
    assert vocabulary.collapse_countries(vocabulary.countries(listed)) == country


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("United States of America", "United States"),
        ("UNITED STATES OF AMERICA", "United States"),
        ("United Kingdom Of Great Britain And Northern Ireland", "United Kingdom"),
        ("Korea (Republic of)", "South Korea"),
        ("Republic of Korea", "South Korea"),
        ("DPR Korea", "North Korea"),
        ("Chinese Taipei", "Taiwan"),
        ("China (People's Republic of)", "China"),
        ("China (People\u2019s Republic of)", "China"),
        ("Russian Federation", "Russia"),
        ("Iran (Islamic Republic Of)", "Iran"),
        ("  France ", "France"),
    ],
)
def test_a_country_has_one_spelling(spelling, name):
    assert vocabulary.country(spelling) == name


def test_a_country_name_with_a_comma_is_one_country():
    assert vocabulary.countries("France, Korea, Republic of, Taiwan, Province of China") == [
        "France",
        "South Korea",
        "Taiwan",
    ]


@pytest.mark.parametrize(
    ("domains", "group", "primary"),
    [
        (["Image generation"], "Vision", "Vision"),
        (["Video", "Image generation"], "Vision", "Vision"),
        (["Speech", "Audio"], "Audio", "Audio"),
        (["Vision", "Language"], "Multimodal", "Language"),
        (["Multimodal"], "Multimodal", "Other"),
        (["Other", "Language"], "Language", "Language"),
        (["Other"], None, "Other"),
        ([], None, "Other"),
        (["Medicine"], "Medicine", "Biology"),
        (["Vision", "Medicine"], "Multimodal", "Biology"),
        (["3D modeling"], "3D modeling", "Vision"),
        (["Robotics", "Games"], "Multimodal", "Games/Robotics"),
        (["Mathematics"], "Mathematics", "Other"),
    ],
)
def test_domain_groups_and_primary_domains(domains, group, primary):
    assert vocabulary.domain_group(domains) == group
    assert vocabulary.primary_domain(domains) == primary


@given(st.lists(DOMAINS, max_size=6), st.randoms(use_true_random=False))
def test_domain_rules_do_not_depend_on_order(domains, random):
    mixed = list(domains)
    random.shuffle(mixed)
    assert vocabulary.domain_group(domains) == vocabulary.domain_group(mixed)
    assert vocabulary.primary_domain(domains) == vocabulary.primary_domain(mixed)


@pytest.mark.parametrize(
    ("accessibility", "weights", "access"),
    [
        ("Open weights (unrestricted)", None, "open"),
        ("Open weights (restricted use)", None, "open"),
        ("Open weights (non-commercial)", False, "open"),
        ("API access", True, "closed"),
        ("Hosted access (no API)", None, "closed"),
        ("Unreleased", None, "closed"),
        ("Unknown", None, "unknown"),
        (None, None, "unknown"),
        (None, True, "open"),
        ("Limited access", False, "closed"),
    ],
)
def test_access_classes(accessibility, weights, access):
    assert vocabulary.access(accessibility, weights) == access


def test_cloud_vendors_have_one_spelling_without_duplicates():
    assert vocabulary.vendors("Amazon Web Services") == "AWS"
    assert vocabulary.vendors("AWS,Amazon Web Services") == "AWS"
    assert vocabulary.vendors("Oracle, Azure AI ,Microsoft") == "Microsoft, Oracle"
