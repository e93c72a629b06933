"""What an address tells by itself."""

from pathlib import Path

import pytest

from headrace.finder.lists import Lists, load


@pytest.mark.parametrize(
    "local",
    [
        "info",
        "Sales",
        "support",
        "noreply",
        "no-reply",
        "hr",
        "info2",
        "sales-fr",
        "support.team",
        "kontakt+web",
    ],
)
def test_roles(local: str) -> None:
    assert Lists().is_role(local)


@pytest.mark.parametrize(
    "local",
    ["ada.reed", "hr.smith", "it.lee", "press.ley-smith", "sally", "infante", "pr.holt", "teamer", ""],
)
def test_people(local: str) -> None:
    assert not Lists().is_role(local)


@pytest.mark.parametrize(
    "domain", ["gmail.com", "GMAIL.com", "web.de", "orange.fr", "yahoo.co.uk", "gmail.com."]
)
def test_free_mail(domain: str) -> None:
    assert Lists().is_free(domain)


def test_a_subdomain_belongs_to_it() -> None:
    assert Lists().is_disposable("mailinator.com")
    assert Lists().is_disposable("box.mailinator.com")
    assert not Lists().is_disposable("notmailinator.example")
    assert not Lists().is_disposable("com")
    assert not Lists().is_free("gmail.com.acme.example")


def test_an_employer_is_neither() -> None:
    assert not Lists().is_free("acme.example")
    assert not Lists().is_disposable("acme.example")


def test_an_operator_changes_them(tmp_path: Path) -> None:
    path = tmp_path / "lists.toml"
    path.write_text(
        '[roles]\nadd = ["Desk-Nine"]\nremove = ["team"]\n'
        '[free]\nadd = ["post.example"]\nremove = ["gmail.com"]\n'
        '[disposable]\nadd = ["gone.example"]\nremove = ["mailinator.com"]\n'
    )
    lists = load(path)
    assert lists.is_role("desk-nine")
    assert not lists.is_role("team")
    assert lists.is_free("post.example")
    assert lists.is_free("eu.post.example")
    assert not lists.is_free("gmail.com")
    assert lists.is_disposable("gone.example")
    assert not lists.is_disposable("mailinator.com")


def test_without_a_file_they_are_as_shipped() -> None:
    assert load() == Lists()


@pytest.mark.parametrize(
    "text",
    ["[rolls]\nadd = []", '[free]\nplus = ["a"]', 'free = "all"', '[free]\nadd = "a.example"', "[free"],
)
def test_a_mistake_in_it_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lists.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        load(path)
