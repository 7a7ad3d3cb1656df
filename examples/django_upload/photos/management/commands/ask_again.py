"""`manage.py ask_again`: asks about the photos that there was no answer about yet. Run it every minute."""

from django.core.management.base import BaseCommand

from photos.models import Photo
from photos.screening import check


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        for photo in Photo.objects.filter(is_checked=False).iterator():
            check(photo)
            self.stdout.write(f"{photo.number} {photo.state}")
