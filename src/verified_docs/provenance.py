"""Says where a recording comes from: which server, which client, when, and how it ended."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, field_validator


class Frozen(BaseModel):
    """Data that is read from a file and never changed: a field that nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Software(Frozen):
    """A program that took part in a recording."""

    name: str
    version: str
    edition: str | None = None


class Failure(Frozen):
    """The exception that a recorded program ended with."""

    type: str
    message: str


class Provenance(Frozen):
    """Where a cassette comes from; kept in vcrpy's metadata slot.

    Attributes:
        server: The server that answered.
        client: The client library that asked.
        python: The Python that ran the recorded program.
        vcrpy: The vcrpy that wrote the recording.
        recorded_at: When it was recorded (UTC, ISO 8601).
        credentials: The credentials seen on the wire, as labels.
        environment: Values of the recorded run that show in its requests.
        recorder: What turned the recording into this cassette.
        recording_sha256: Hash of the recording as it came from the wire.
        program_sha256: Hash of the program that was recorded, or None where it is not known.
        exception: How the recorded program ended, or None where it ran to its end.
    """

    server: Software
    client: Software
    python: str
    vcrpy: str
    recorded_at: str
    credentials: tuple[str, ...]
    environment: dict[str, str] = {}
    recorder: str
    recording_sha256: str
    program_sha256: str | None
    exception: Failure | None

    @field_validator("recorded_at")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if datetime.fromisoformat(value).tzinfo is None:
            raise ValueError("a time without its zone")
        return value

    @property
    def recorded(self) -> datetime:
        """When it was recorded."""
        return datetime.fromisoformat(self.recorded_at)
