"""The shape of `release.channels`: channels that are set by pull request."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from datarelease.model.versions.channel import NAME_RULE, is_channel_name


def _name(text: str) -> str:
    if not is_channel_name(text):
        raise ValueError(f"this is not a valid name of a channel. {NAME_RULE}")
    return text


ChannelName = Annotated[str, AfterValidator(_name)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ChannelShape(BaseModel):
    """An entry of ``release.channels``: the version, and why it is this one."""

    model_config = ConfigDict(extra="forbid", strict=True)
    version: _Text
    """The version that the channel is set to, such as `data-v4`."""
    reason: _Text
    """Why, written for those who follow the channel."""
