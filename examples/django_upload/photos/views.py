"""Upload, show, and what Holdfast tells."""

from django.conf import settings
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from holdfast.client import WebhookVerificationError, verify
from photos.models import Heard, Photo
from photos.screening import check, hear


@require_GET
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        '<form action="/photos" method="post" enctype="multipart/form-data">'
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
        '<input name="account"><input type="file" name="file"><button>Upload</button></form>'
    )


@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """Takes a photo in, asks Holdfast, and says what became of it: shown, waits or refused."""
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"problem": "the form has no file"}, status=400)
    photo = Photo.objects.create(
        file=file,
        account=request.POST.get("account", "")[:255],
        original_name=(file.name or "")[:255],
        ip=request.META.get("REMOTE_ADDR"),
    )
    check(photo)
    return JsonResponse({"photo": str(photo.number), "state": photo.state}, status=202)


@require_GET
def show(request: HttpRequest, number: str) -> FileResponse:
    photo = get_object_or_404(Photo, number=number)
    if photo.state != Photo.State.SHOWN:
        raise Http404
    return FileResponse(photo.file.open("rb"), content_type="image/jpeg")


@csrf_exempt  # its signature says who sends it
@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    """What Holdfast tells: verified, each message once, and only then believed."""
    try:
        message = verify(settings.HOLDFAST_WEBHOOK_SECRET, request.headers, request.body)
    except WebhookVerificationError:
        return HttpResponse(status=400)
    with transaction.atomic():  # what fails is not marked as heard, and comes again
        _, is_new = Heard.objects.get_or_create(number=request.headers["webhook-id"])
        if is_new:
            hear(message["type"], message["data"])
    return HttpResponse(status=204)
