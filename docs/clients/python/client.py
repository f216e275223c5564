"""What every client of Throughline wants once: who calls, trying again safely, errors in words, and following timelines through breaks.

Generate the contract's code first (see README.md beside this file); then this needs nothing but grpcio and grpcio-status.
"""

import time
import uuid
from collections.abc import Callable, Iterator

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from throughline.timeline.v1 import timeline_pb2, timeline_pb2_grpc

# The codes after which nobody knows whether a command happened. With the same request_id it may be sent again, and happens once.
MAY_RETRY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
# How long one try may take, and how long to keep trying, in seconds.
ONE_TRY = 5.0
ALL_TRIES = 60.0

Metadata = list[tuple[str, str]]


def caller(actor: str, role: str, agency: str = "") -> Metadata:
    """Who calls, as a server on loopback believes it. Elsewhere send [("authorization", "Bearer " + token)] instead."""
    who = [("throughline-actor", actor), ("throughline-role", role)]
    return who + ([("throughline-agency", agency)] if agency else [])


class Refused(Exception):
    """The service said no. `reason` is stable and for programs; the text says what to do; `fields` names what did not parse."""

    def __init__(self, error: grpc.RpcError):
        self.code = error.code()
        self.reason = ""
        self.fields: dict[str, str] = {}
        self.retry_after: float | None = None
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info = error_details_pb2.ErrorInfo()
            bad = error_details_pb2.BadRequest()
            retry = error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                self.reason = info.reason
            elif detail.Unpack(bad):
                self.fields = {field.field: field.description for field in bad.field_violations}
            elif detail.Unpack(retry):
                self.retry_after = retry.retry_delay.ToTimedelta().total_seconds()
        super().__init__(f"{error.details()} ({self.reason or self.code.name})")

    @property
    def may_retry(self) -> bool:
        """Whether the same request may be sent again as it is."""
        overloaded = self.code == grpc.StatusCode.RESOURCE_EXHAUSTED and self.retry_after is not None
        return self.code in MAY_RETRY or overloaded


def ask(method: Callable, request, who: Metadata):
    """Calls until there is an answer. A command gets one request_id for all its tries."""
    if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
        request.request_id = str(uuid.uuid4())
    give_up = time.monotonic() + ALL_TRIES
    wait = 0.05
    while True:
        try:
            return method(request, metadata=who, timeout=ONE_TRY, wait_for_ready=True)
        except grpc.RpcError as error:
            refused = Refused(error)
            if not refused.may_retry or time.monotonic() > give_up:
                raise refused from error
            time.sleep(max(refused.retry_after or 0.0, wait))
            wait = min(wait * 2, 2.0)


def follow(
    timeline: timeline_pb2_grpc.TimelineServiceStub, person_id: str, who: Metadata, token: str = ""
) -> Iterator[timeline_pb2.WatchTimelineResponse]:
    """Every update of a timeline, through breaks and restarts. Keep the last resume_token: a later call goes on from there."""
    request = timeline_pb2.WatchTimelineRequest(person_id=person_id, resume_token=token)
    return (update for update in watch(timeline.WatchTimeline, request, who) if update is not None)


def follow_agency(
    timeline: timeline_pb2_grpc.TimelineServiceStub, who: Metadata, token: str = ""
) -> Iterator[tuple[list[timeline_pb2.WatchAgencyResponse], str]]:
    """Every change of the timelines of all whom the agency serves, in steps, each with the resume_token that closes it. Take a step as a whole, and keep
    its token with what you made of it: a later call goes on from there. What no token has closed comes again after a break, so it is dropped here."""
    request = timeline_pb2.WatchAgencyRequest(resume_token=token)
    step: list[timeline_pb2.WatchAgencyResponse] = []
    for update in watch(timeline.WatchAgency, request, who):
        if update is None:
            step = []
        elif update.resume_token:
            yield step, update.resume_token
            step = []
        else:
            step.append(update)


def watch(method: Callable, request, who: Metadata) -> Iterator:
    """What a watch sends, and None at each break, after which it goes on from the last resume_token."""
    wait = 0.05
    while True:
        try:
            for update in method(request, metadata=who, wait_for_ready=True):
                wait = 0.05
                request.resume_token = update.resume_token or request.resume_token
                yield update
        except grpc.RpcError as error:
            refused = Refused(error)
            if not refused.may_retry:
                raise refused from error
        yield None
        time.sleep(wait)
        wait = min(wait * 2, 2.0)
