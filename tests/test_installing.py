"""The site as an app of a phone: what its manifest says is true."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from tests.test_repository import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def manifest(client: Client) -> dict[str, Any]:
    response = client.get("/manifest.webmanifest")
    assert response.headers["Content-Type"] == "application/manifest+json"
    found: dict[str, Any] = response.json()
    return found


def picture(address: str) -> Image.Image:
    path = finders.find(address.removeprefix("/static/"))
    assert isinstance(path, str), address
    with open(path, "rb") as file:
        return Image.open(BytesIO(file.read()))


def test_it_names_what_a_device_needs_to_install_it(manifest: dict[str, Any]) -> None:
    assert manifest["start_url"] == manifest["scope"] == "/"
    assert manifest["display"] == "standalone"
    assert manifest["name"]
    kinds = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]}
    sides = ("192x192", "512x512")
    assert kinds == {(side, kind) for side in sides for kind in ("any", "maskable")}


def test_its_icons_are_as_large_as_it_says(manifest: dict[str, Any]) -> None:
    for icon in manifest["icons"]:
        image = picture(icon["src"])
        assert f"{image.width}x{image.height}" == icon["sizes"]
        assert image.format == "PNG"
        if icon["purpose"] == "maskable":
            # Opaque to the corners: what is cut away is not for us to say.
            corner = image.convert("RGBA").getpixel((0, 0))
            assert isinstance(corner, tuple)
            assert corner[3] == 255


def test_it_is_in_the_language_of_the_browser(client: Client) -> None:
    german = client.get("/manifest.webmanifest", headers={"Accept-Language": "de"})
    assert german.json()["lang"] == "de"
    assert german.json()["shortcuts"][0]["name"] == "Neue Unterhaltung"
    assert "Accept-Language" in german.headers["Vary"]


def test_a_page_leads_to_it_and_has_the_colours_of_both_schemes(client: Client) -> None:
    text = client.get("/accounts/login/").text
    assert '<link rel="manifest" href="/manifest.webmanifest">' in text
    apple = re.search(r'rel="apple-touch-icon" href="([^"]+)"', text)
    assert apple
    assert picture(apple[1]).size == (180, 180)
    tokens = (ROOT / "static/css/tokens.css").read_text(encoding="utf-8")
    papers = re.findall(r"--raw-paper: (#\w+)", tokens)
    assert re.findall(r'name="theme-color".*content="(#\w+)"', text) == papers[:2]
