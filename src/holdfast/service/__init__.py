"""The service as processes: what one process opens and keeps running, jobs, housekeeping, supervision.

    runtime        everything one process works with, opened once from a home
    follower       the thread that keeps a process's view of the lists fresh
    supervisor     `holdfast serve`: starts the others, watches them, ends them
    worker_process jobs, webhooks, housekeeping, merging (API processes: `holdfast.api.process`)
    housekeeping   what the clock does, by the `schedule`
    setup          a home made ready; `initialising` asks more
    checklist      what is to be done before going live; `checkup` is `holdfast doctor`

Nothing is imported here: each name has one address.
"""
