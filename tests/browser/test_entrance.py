"""Signing in and out, and what is seen of the site without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conditions import until
from tests.people import PASSWORD, talk

SIGN_IN = re.compile(r"/accounts/login/")


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()


def leave(page: Page) -> None:
    page.locator(".account-summary").click()
    page.get_by_role("button", name="Sign out").click()


@pytest.mark.parametrize("name", ["alice", "alice@example.com"])
def test_one_signs_in_by_name_or_by_e_mail(stranger, alice, name):
    stranger.open("/")
    expect(stranger.page).to_have_url(SIGN_IN)
    sign_in(stranger.page, name)
    expect(
        stranger.page.get_by_role("heading", name="What would you like to know?")
    ).to_be_visible()


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_a_wrong_password_is_told_in_words_and_tells_nothing_else(stranger, alice, name):
    """R89"""
    stranger.open("/accounts/login/")
    sign_in(stranger.page, name, "wrong")
    expect(stranger.page.locator("main")).to_contain_text("not correct")
    assert stranger.path == "/accounts/login/"


def test_who_follows_a_link_signs_in_and_arrives_where_it_leads(stranger, alice):
    path = f"/c/{talk(alice).conversation.pk}/"
    stranger.open(path)
    expect(stranger.page).to_have_url(SIGN_IN)
    sign_in(stranger.page, "alice")
    expect(stranger.text).to_have_text("By gravity.")
    assert stranger.path == path


def test_after_signing_out_going_back_shows_nothing(enter, alice):
    """R94"""
    tab = enter(alice, f"/c/{talk(alice).conversation.pk}/")
    expect(tab.text).to_have_text("By gravity.")
    tab.write("a secret draft")
    leave(tab.page)
    dialog = tab.page.get_by_role("dialog", name="Sign out?")
    expect(dialog).to_contain_text("One draft is not sent.")
    dialog.get_by_role("button", name="Remove and sign out").click()
    expect(tab.page).to_have_url(SIGN_IN)
    tab.page.go_back()
    expect(tab.page).to_have_url(SIGN_IN)
    expect(tab.page.get_by_text("By gravity.")).to_have_count(0)
    assert tab.evaluate("() => localStorage.length + sessionStorage.length") == 0


def test_signing_out_is_not_overtaken_by_the_end_of_the_socket(enter, alice):
    """R94: it is the answer to signing out that empties what the browser keeps."""
    tab = enter(alice, f"/c/{talk(alice).conversation.pk}/")
    sockets, held = [], []
    tab.page.on("websocket", lambda socket: sockets.append(socket))
    tab.page.route("**/accounts/logout/", lambda route: held.append(route))
    tab.page.reload()
    expect(tab.text).to_have_text("By gravity.")
    tab.page.locator(".account-summary").click()
    tab.page.get_by_role("button", name="Sign out").click(no_wait_after=True)
    # wait_for_timeout lets the browser's events in.
    until(lambda: tab.page.wait_for_timeout(20) or held)
    answer = held[0].fetch(max_redirects=0)
    until(lambda: tab.page.wait_for_timeout(20) or sockets[-1].is_closed())
    held[0].fulfill(response=answer)
    expect(tab.page).to_have_url(re.compile(r"/accounts/login/$"))


def test_signing_out_in_one_tab_empties_the_other(enter, alice):
    """R22, R94"""
    tab = enter(alice, f"/c/{talk(alice).conversation.pk}/")
    other = tab.tab(tab.path)
    expect(other.text).to_have_text("By gravity.")
    leave(tab.page)
    expect(other.page).to_have_url(SIGN_IN)
    expect(other.page.get_by_text("By gravity.")).to_have_count(0)


def test_who_keeps_what_was_typed_finds_it_again_and_nobody_else_does(enter, alice, bob):
    """R94, R96: on a shared machine the next person sees nothing of it."""
    path = f"/c/{talk(alice).conversation.pk}/"
    tab = enter(alice, path)
    tab.write("and in the Baltic?")
    tab.open("/")
    tab.write("something new")
    leave(tab.page)
    dialog = tab.page.get_by_role("dialog", name="Sign out?")
    expect(dialog).to_contain_text("2 drafts are not sent.")
    dialog.get_by_role("button", name="Stay").click()
    expect(tab.field).to_have_value("something new")
    leave(tab.page)
    dialog.get_by_role("button", name="Keep and sign out").click()
    expect(tab.page).to_have_url(SIGN_IN)
    sign_in(tab.page, "bob")
    expect(tab.field).to_have_value("")
    leave(tab.page)
    expect(tab.page).to_have_url(SIGN_IN)
    # bob had typed nothing and was asked nothing; what alice kept is not his to remove.
    sign_in(tab.page, "alice")
    expect(tab.field).to_have_value("something new")
    tab.open(path)
    expect(tab.field).to_have_value("and in the Baltic?")
    tab.open("/accounts/logout/")
    keep = tab.page.get_by_role("checkbox", name="Keep on this device")
    expect(keep).not_to_be_checked()
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page).to_have_url(SIGN_IN)
    assert tab.evaluate("() => localStorage.length + sessionStorage.length") == 0


def test_a_one_time_password_asks_for_one_of_ones_own(stranger, alice):
    alice.must_change_password = True
    alice.save(update_fields=["must_change_password"])
    stranger.open("/")
    sign_in(stranger.page, "alice")
    stranger.page.get_by_role("link", name="Choose your own").click()
    own = "a sentence that nobody guesses"
    fields = {"oldpassword": PASSWORD, "password1": own, "password2": own}
    for name, value in fields.items():
        stranger.page.locator(f"input[name={name}]").fill(value)
    stranger.page.locator("main").get_by_role("button").first.click()
    expect(stranger.page.get_by_text("Password successfully changed.")).to_be_visible()
    expect(stranger.field).to_be_visible()
    expect(stranger.page.get_by_role("link", name="Choose your own")).to_have_count(0)
