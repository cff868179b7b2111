"""What the endpoint lists, as an account with access to everything would see it."""

import pytest
from botocore.exceptions import ClientError

from streaming.localbedrock import MODELS
from streaming.localbedrock.models import find
from streaming.localbedrock.native import DIALECTS

pytestmark = pytest.mark.nodb


@pytest.fixture(scope="module")
def bedrock(make_client):
    return make_client("bedrock")


def listed(bedrock, **asked):
    return bedrock.list_foundation_models(**asked)["modelSummaries"]


def test_its_own_models_come_first(bedrock):
    ids = [summary["modelId"] for summary in listed(bedrock)]
    assert ids[: len(MODELS)] == [model.id for model in MODELS]
    assert len(ids) == len(set(ids))


def test_every_dialect_has_a_model(bedrock):
    dialects = {find(summary["modelId"]).dialect for summary in listed(bedrock)}
    assert dialects >= DIALECTS.keys()


def test_a_summary_says_what_the_model_can_do(bedrock):
    summaries = {summary["modelId"]: summary for summary in listed(bedrock)}
    assert summaries["ai21.j2-mid-v1"]["responseStreamingSupported"] is False
    assert summaries["amazon.nova-lite-v1:0"]["inputModalities"] == ["TEXT", "IMAGE"]
    assert summaries["amazon.nova-micro-v1:0"]["inputModalities"] == ["TEXT"]
    assert all(summary["modelLifecycle"]["status"] == "ACTIVE" for summary in summaries.values())


@pytest.mark.parametrize(
    ("asked", "some"),
    [
        ({"byProvider": "Cohere"}, True),
        ({"byOutputModality": "TEXT"}, True),
        ({"byOutputModality": "IMAGE"}, False),
        ({"byInferenceType": "ON_DEMAND"}, True),
        ({"byInferenceType": "PROVISIONED"}, False),
        ({"byCustomizationType": "FINE_TUNING"}, False),
    ],
)
def test_a_list_can_be_narrowed(bedrock, asked, some):
    found = listed(bedrock, **asked)
    assert bool(found) is some
    assert len(found) <= len(listed(bedrock))


def test_profiles_come_in_pages(bedrock):
    first = bedrock.list_inference_profiles(typeEquals="SYSTEM_DEFINED")
    assert len(first["inferenceProfileSummaries"]) == 10
    pages = bedrock.get_paginator("list_inference_profiles").paginate(typeEquals="SYSTEM_DEFINED")
    profiles = [profile for page in pages for profile in page["inferenceProfileSummaries"]]
    assert len(profiles) > 10
    ids = {profile["inferenceProfileId"] for profile in profiles}
    assert len(ids) == len(profiles)
    assert "us.anthropic.claude-sonnet-4-5-20250929-v1:0" in ids
    arns = [model["modelArn"] for model in profiles[0]["models"]]
    assert len(arns) > 1
    assert all(find(arn).name == find(profiles[0]["inferenceProfileId"]).name for arn in arns)


def test_what_is_reached_by_a_profile_has_one(bedrock):
    pages = bedrock.get_paginator("list_inference_profiles").paginate()
    covered = {
        find(profile["inferenceProfileId"]).name
        for page in pages
        for profile in page["inferenceProfileSummaries"]
    }
    by_profile = {
        summary["modelId"]
        for summary in listed(bedrock)
        if summary["inferenceTypesSupported"] == ["INFERENCE_PROFILE"]
    }
    assert covered == by_profile


def test_pages_can_be_of_any_size(bedrock):
    page = bedrock.list_inference_profiles(maxResults=3)
    assert len(page["inferenceProfileSummaries"]) == 3
    more = bedrock.list_inference_profiles(maxResults=1000, nextToken=page["nextToken"])
    assert "nextToken" not in more
    assert not bedrock.list_inference_profiles(typeEquals="APPLICATION")[
        "inferenceProfileSummaries"
    ]


@pytest.mark.parametrize("token", ["nonsense", "cHJvZmlsZXM6eA==", "b3RoZXI6MQ=="])
def test_a_token_must_be_its_own(bedrock, token):
    with pytest.raises(ClientError, match="The provided token is invalid"):
        bedrock.list_inference_profiles(nextToken=token)


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("eu.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-1-70b-v1:0",
            "meta.llama3-1-70b-v1:0",
        ),
        ("arn:aws:bedrock:eu::foundation-model/cohere.command-r-v1:0", "cohere.command-r-v1:0"),
    ],
)
def test_a_region_or_an_arn_before_a_name_changes_nothing(model_id, name):
    assert find(model_id).name == name
    assert find(model_id).takes == find(name).takes
    assert find(model_id).dialect


@pytest.mark.parametrize(
    "resource",
    [
        "provisioned-model/abcdefghijkl",
        "imported-model/abcdefghijkl",
        "custom-model-deployment/abcdefghijkl",
        "application-inference-profile/abcdefghijkl",
    ],
)
def test_an_arn_that_names_no_model_is_refused_nothing(resource):
    model = find(f"arn:aws:bedrock:us-east-1:123456789012:{resource}")
    assert model.can("system")
    assert model.can("images")
