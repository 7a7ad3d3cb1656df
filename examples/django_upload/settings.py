"""The least that Django needs, and the three settings of Holdfast."""

import os
import secrets
from pathlib import Path

PLACE = Path(os.environ.get("PHOTOS", "photos-data")).absolute()
PLACE.mkdir(parents=True, exist_ok=True)

HOLDFAST_URL = os.environ["HOLDFAST_URL"]
HOLDFAST_KEY = os.environ["HOLDFAST_KEY"]  # role: uploader
HOLDFAST_WEBHOOK_SECRET = os.environ["HOLDFAST_WEBHOOK_SECRET"]

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or secrets.token_hex(32)
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["photos"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": PLACE / "photos.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = PLACE / "files"  # no MEDIA_URL: nothing is shown but by the view that looks at the state
USE_TZ = True
