"""The browser fixtures themselves: production's static files, no network, errors noticed."""

import re

import pytest
from playwright.sync_api import Error


def test_pages_come_with_hashed_static_files_that_may_be_kept_for_ever(site, desk):
    answers = {}
    desk.on("response", lambda response: answers.update({response.url: response}))
    desk.goto(f"{site}/")
    styles = [answer for url, answer in answers.items() if re.search(r"/static/css/tokens\.[0-9a-f]{12}\.css$", url)]
    assert len(styles) == 1
    assert "immutable" in styles[0].headers["cache-control"]
    assert "script-src 'self'" in answers[f"{site}/"].headers["content-security-policy"]


@pytest.mark.parametrize("address", ["http://example.org/", "http://192.0.2.1/"])
def test_no_request_leaves_the_machine(address, site, desk, console):
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        desk.goto(address)
    console.forgive("left the machine")
    assert console.errors == [f"request left the machine: {address}"]


def test_an_error_in_a_page_is_noticed(site, phone, console):
    phone.goto(f"{site}/")
    phone.evaluate("console.error('Ouch')")
    phone.evaluate("setTimeout(() => { throw new Error('Thrown') }, 0)")
    phone.wait_for_timeout(200)
    assert [error.split("\n")[0] for error in console.unforgiven] == ["Ouch", "Thrown"]
    console.forgive("Ouch|Thrown")
    assert phone.viewport_size == {"width": 360, "height": 740}


def test_somebody_is_signed_in(site, visit, binh):
    page = visit(user=binh)
    page.goto(f"{site}/")
    assert page.locator("a[href='/desk/']").count() == 1
