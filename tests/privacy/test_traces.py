"""After an erasure beside a running server, not one file of it holds a word about the person."""

import json
from pathlib import Path
from typing import Any

from tests.cli.running import process, request, serving

KINDS = ["email", "phone", "personal_email"]


def asking_for(person: dict[str, Any]) -> dict[str, Any]:
    return {
        "enrichment_type": KINDS,
        "firstname": person["first_name"],
        "lastname": person["last_name"],
        "domain": person["domain"],
        "company_name": person["company"],
        "linkedin_url": person["linkedin_url"],
        "webhook_url": "https://hooks.example/inbox",
    }


def words(person: dict[str, Any]) -> list[bytes]:
    """What tells who it is, as it might be written."""
    known = [person["work_email"], person["personal_email"], *person["phones"], person["linkedin_url"]]
    known.append(f"{person['first_name']} {person['last_name']}")
    return [each.encode() for each in known if each]


def found_in(directory: Path, looked_for: list[bytes]) -> list[tuple[str, bytes]]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert any(path.name == "headrace.db" for path in files)
    return [(path.name, word) for path in files for word in looked_for if word in path.read_bytes()]


def test_neither_before_nor_after_can_anything_be_read(tmp_path: Path) -> None:
    with serving("serve", "--sandbox", "--no-worker", cwd=tmp_path) as said:
        everyone = request("GET", f"{said['sandbox_url']}/_world/people")[1]
        full = [each for each in everyone if each["work_email"] and each["personal_email"] and each["phones"]]
        people = full[:12]
        ids = {}
        for person in people:
            status, answer = request(
                "POST", f"{said['url']}/v2/contacts/single_enrich", said["api_key"], asking_for(person)
            )
            assert status == 200
            ids[person["linkedin_url"]] = answer["enrichment_id"]
        looked_for = [word for person in people for word in words(person)]
        assert found_in(tmp_path, looked_for) == []

        gone, *others = people
        exported = command(tmp_path, "export", gone)
        assert [each["enrichment_id"] for each in exported["enrichments"]] == [ids[gone["linkedin_url"]]]
        erased = command(tmp_path, "erase", gone, "--yes")
        assert erased["enrichments"] == 1
        assert erased["recipients"] == exported["recipients"]

        assert found_in(tmp_path, looked_for) == []
        assert _stored(said, ids[gone["linkedin_url"]])[0] == 404
        assert command(tmp_path, "export", gone)["enrichments"] == []
        for person in others:
            status, stored = _stored(said, ids[person["linkedin_url"]])
            assert (status, stored["first_name"]) == (200, person["first_name"])
    assert found_in(tmp_path, looked_for) == []


def _stored(said: Any, enrichment_id: str) -> tuple[int, Any]:
    return request("GET", f"{said['url']}/v2/enrichments/{enrichment_id}", said["api_key"])


def command(directory: Path, name: str, person: dict[str, Any], *more: str) -> Any:
    done = process("privacy", name, "--linkedin", person["linkedin_url"], *more, "--json", cwd=directory)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
