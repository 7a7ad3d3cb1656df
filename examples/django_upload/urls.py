"""Where the views are."""

from django.urls import path
from photos import views

urlpatterns = [
    path("", views.form),
    path("photos", views.upload),
    path("photos/<uuid:number>", views.show),
    path("hooks/holdfast", views.hook),
]
