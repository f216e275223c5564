"""Refers a person to a programme and follows what becomes of it: `python refer.py localhost:50051`."""

import sys

import grpc
from client import Refused, ask, caller, follow, follow_agency

from throughline.referrals.v1 import referrals_pb2 as referrals
from throughline.referrals.v1 import referrals_pb2_grpc
from throughline.registry.v1 import registry_pb2 as registry
from throughline.registry.v1 import registry_pb2_grpc
from throughline.timeline.v1 import timeline_pb2_grpc
from throughline.type.v1 import type_pb2 as types

OPERATOR = caller("service:set-up", "operator")
EMPLOYMENT = types.LIFE_DOMAIN_EMPLOYMENT


def main(address: str) -> None:
    channel = grpc.insecure_channel(address)
    people = registry_pb2_grpc.RegistryServiceStub(channel)
    loop = referrals_pb2_grpc.ReferralsServiceStub(channel)
    timeline = timeline_pb2_grpc.TimelineServiceStub(channel)

    def agency(name: str) -> str:
        content = registry.AgencyContent(name=name, zone="America/Chicago")
        return ask(people.RegisterAgency, registry.RegisterAgencyRequest(content=content), OPERATOR).written.id

    shelter, works = agency("Juniper Shelter"), agency("Harbor Works")
    at_shelter = caller("service:juniper", "worker", shelter)
    at_works = caller("service:harbor", "worker", works)

    offer = referrals.ServiceOfferContent(
        name="Jobs you choose",
        practice="ips",
        receiver=referrals.RECEIVER_VOCATIONAL,
        life_domains=[EMPLOYMENT],
        zone="America/Chicago",
    )
    offer_id = ask(
        loop.PublishServiceOffer, referrals.PublishServiceOfferRequest(content=offer), at_works
    ).written.id
    details = registry.PersonDetails(given_name="Testa", family_name="Mustermann")
    person_id = ask(people.RegisterPerson, registry.RegisterPersonRequest(details=details), at_shelter).written.id
    person = caller(f"person:{person_id}", "person")

    # What does not parse is told by its field.
    try:
        ask(loop.DraftReferral, referrals.DraftReferralRequest(person_id=person_id), at_shelter)
    except Refused as refused:
        print(f"refused: {refused.reason}: {', '.join(sorted(refused.fields))}")

    draft = referrals.DraftReferralRequest(
        person_id=person_id,
        offer_id=offer_id,
        life_domain=EMPLOYMENT,
        need="Help to find a job outdoors and keep it",
        no_goal_reason="The goal comes with the first talk",
    )
    referral_id = ask(loop.DraftReferral, draft, at_shelter).written.id

    # Without the person's yes it is refused, with a reason that a program can act on.
    send = referrals.SendReferralRequest(referral_id=referral_id)
    try:
        ask(loop.SendReferral, send, at_shelter)
    except Refused as refused:
        print(f"refused: {refused.reason}")
        send.request_id = ""  # Another attempt, not the same one again.

    scope = registry.ConsentScope(
        recipient_agency_ids=[shelter, works], purposes=[types.PURPOSE_REFERRAL, types.PURPOSE_COORDINATION]
    )
    content = registry.ConsentContent(
        scope=scope, grantor=registry.CONSENT_GRANTOR_PERSON, operator_is_intermediary=True
    )
    give = registry.GiveConsentRequest(person_id=person_id, content=content, voice=types.VOICE_PERSON)
    ask(people.GiveConsent, give, person)
    ask(loop.SendReferral, send, at_shelter)
    ask(loop.AcceptReferral, referrals.AcceptReferralRequest(referral_id=referral_id), at_works)

    # The person watches until the loop has opened the case by itself; then, as after a restart, from the token on.
    token, opened = "", False
    for update in follow(timeline, person_id, person):
        if update.entry.line:
            print(f"seen: {update.entry.line}")
            opened = opened or update.entry.service == "vocational"
        token = update.resume_token
        if opened and token:
            break
    # An integration watches all whom its agency serves, and keeps its place with what it took over.
    step, place = next(follow_agency(timeline, at_shelter))
    print(f"the agency has {len({update.person_id for update in step})} timelines")
    cancel = referrals.CancelReferralRequest(referral_id=referral_id, reason=referrals.CLOSING_REASON_PERSON_DECLINED)
    gone = ask(loop.CancelReferral, cancel, person)
    print(f"cancelled at version {gone.written.etag}")
    for update in follow(timeline, person_id, person, token):
        if update.entry.line:
            print(f"seen after the break: {update.entry.line}")
        if "cancelled" in update.entry.line:
            break
    for step, place in follow_agency(timeline, at_shelter, place):
        for update in step:
            if update.entry.line:
                print(f"the agency sees: {update.entry.line}")
        if any("cancelled" in update.entry.line for update in step):
            break


if __name__ == "__main__":
    main(sys.argv[1])
