"""The console: the pages where people work, under ``/console`` of the service.

`routers` lists the pages, `render` makes them, `pages/` holds those of the work, `signin*`, `account*` and
`people*` those of who may come in. Loaded after the first upload can be answered (`api.rest`).
"""
