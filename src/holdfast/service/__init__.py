"""The service as processes: what one process opens and keeps running, jobs, housekeeping, supervision.

    runtime        everything one process works with, opened once from a home
    follower       the thread that keeps a process's view of the lists fresh

Nothing is imported here: each name has one address.
"""
