"""A photo service in Django that shows nothing before Holdfast has looked at it.

    pip install holdfast django
    export HOLDFAST_URL=https://holdfast.example.org HOLDFAST_KEY=hf_... HOLDFAST_WEBHOOK_SECRET=whsec_...
    python manage.py migrate --run-syncdb && python manage.py runserver
    python manage.py ask_again            # from cron: photos that there was no answer about yet

What matters is in photos/screening.py.
"""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
