"""Photos, and the messages that were heard."""

import uuid

from django.db import models


class Photo(models.Model):
    """One photo. Only what is `SHOWN` is shown; without an answer it `WAITS`, unchecked."""

    class State(models.TextChoices):
        WAITS = "waits"
        SHOWN = "shown"
        REFUSED = "refused"

    number = models.UUIDField(primary_key=True, default=uuid.uuid4)
    file = models.FileField(upload_to="photos")
    state = models.CharField(max_length=10, choices=State, default=State.WAITS)
    is_checked = models.BooleanField(default=False)
    account = models.CharField(max_length=255)
    original_name = models.CharField(max_length=255)
    ip = models.GenericIPAddressField(null=True)
    uploaded_at = models.DateTimeField(auto_now_add=True)


class Heard(models.Model):
    """A message that was dealt with: it may come again. Delete those older than two days."""

    number = models.CharField(primary_key=True, max_length=100)
    at = models.DateTimeField(auto_now_add=True)
