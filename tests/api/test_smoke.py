"""The thinnest path through all stops."""

from tests.stack import Stack


async def test_the_documented_contact_is_found(stack: Stack) -> None:
    reply = await stack.enrich("email", "phone", "personal_email", custom={"hubspot_id": "4447901"})
    assert reply.status == 200, reply.text
    assert reply.json["email"] == "mathieu@prontohq.com"
    assert reply.json["phones"] == ["+33612345678"]
    assert reply.json["personal_email"] == "mathieu.bp@gmail.com"
    assert reply.headers["X-Headrace-Credits-Charged"] == "63"
