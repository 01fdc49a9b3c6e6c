"""The shape of `release.notify`: webhooks that are sent word of a release."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from datarelease.model.webhook import WEBHOOK_VARIABLE, ToldState, Webhook, WebhookFormat


def _variable(name: str) -> str:
    if not WEBHOOK_VARIABLE.fullmatch(name):
        raise ValueError(
            "expected the name of a secret that begins with NOTIFY_, such as NOTIFY_URL; an "
            "address or a key itself belongs in no file of the repository"
        )
    return name


_Variable = Annotated[str, AfterValidator(_variable)]


class NotifyShape(BaseModel):
    """An entry of ``release.notify``."""

    model_config = ConfigDict(extra="forbid", strict=True)
    url: _Variable
    """The environment variable with the address of the webhook; its name begins with `NOTIFY_`."""
    key: _Variable | None = None
    """The environment variable with the key that signs messages; its name begins with
    `NOTIFY_`."""
    format: WebhookFormat = "json"
    """`json`: a message signed as Standard Webhooks says; `slack`: a text for Slack and compatible
    services."""
    on: Annotated[list[ToldState], Field(min_length=1)] = ["released"]
    """The outcomes of a release that a message is sent about."""

    @property
    def webhook(self) -> Webhook:
        """As the announcement takes it."""
        return Webhook(url=self.url, key=self.key, format=self.format, on=tuple(self.on))
