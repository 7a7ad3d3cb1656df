"""The way of a report to its destination: exactly once, whatever dies on the way.

    pending --submit--> open --upload--> uploading --> described --finish--> finishing --> filed
       ^                  |                  |             |                     |
       +--- retracting <--+------------------+-------------+    (asked again, with the same id)
                 +--> refused, cancelled

    models      a submission, a filing, its states
    views       what proves that a file was viewed
    requests    ask for a filing, cancel it, look at it
    history     attempts, requests and answers, receipts
    decide      what follows from an answer: one table
    clocks      when an open report expires
    rows        changes under a lease
    contents    where the bytes of files come from
    steps       one call and its record
    held, ends  a filing under its lease; what follows from a step
    run         one filing, from where it stands to where it must wait
    filer       the worker: takes filings that are due
    alarms      what a person must know

The service has no key against doing things twice and no way to look at a report. So everything is written
down before it is done, a report that is found open is retracted before a new one is opened, and a finish
without an answer is asked again under the same report id: it can never file a second report.
"""
