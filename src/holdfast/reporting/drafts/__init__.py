"""From a decided case to an approved report: everything that happens before anything is opened.

    draft --approve--> (asked --approve, by another-->) holding --hold over--> sent --> see the destination
      |                                                    |
      +------------------------- cancelled <---------------+

    desk         settings, destinations and the seal, put together once
    models       a draft, what it says, its states
    rows         drafts in the records, sealed
    compose      a case as a report: every value has a source, none is made up
    people       accounts as the form wants them
    media        files as the form wants them
    views        what the view ledger proves of a file
    sources      cases and their drafts: once for each decision and destination
    by_hand      a report that belongs to no case here; a follow-up
    meter        how complete it is, and what is lost by what is missing
    preview      the exact documents
    approval     first and second person, hold, imminent danger, cancelling
    sending      what is due goes to its destination
    automatic    exact matches on trusted banks, filed by rule
    platform     what the platform knows of an account: asked for and read
    enrichment   drafts that wait for it
    batched      one viral file, many accounts
    listing      pages of drafts, and where each stands at its destination

Nothing is opened at a destination before the hold is over; from then on `filing` carries it.
"""
