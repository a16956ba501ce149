-- The first schema. Times are Unix seconds in UTC, certificates are DER,
-- digests are 32 bytes. A column named "entry" holds the number of the audit
-- entry that was written in the same transaction: it orders rows without a
-- clock and ties each row to the decision that made it.

CREATE TABLE estates (
    estate        TEXT    NOT NULL PRIMARY KEY, -- the lineage: a random id
    name          TEXT    NOT NULL,
    trust_domain  TEXT    NOT NULL,
    bound         TEXT    NOT NULL,             -- '', 'aws' or 'sandbox:ID'
    created       INTEGER NOT NULL,
    serial        INTEGER NOT NULL,             -- grows with each change of issuers or objects
    audit_entries INTEGER NOT NULL,
    audit_head    BLOB    NOT NULL              -- hash of the newest audit entry
) STRICT;

-- Who holds the lock, for people to read. The lock itself is the operating
-- system's: a row left by a killed process locks nobody out.
CREATE TABLE holders (
    estate  TEXT    NOT NULL PRIMARY KEY REFERENCES estates (estate),
    command TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    host    TEXT    NOT NULL,
    pid     INTEGER NOT NULL,
    since   INTEGER NOT NULL
) STRICT;

-- Generations of the root (environment '') and of each environment's issuer.
CREATE TABLE generations (
    estate      TEXT    NOT NULL REFERENCES estates (estate),
    environment TEXT    NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    certificate BLOB    NOT NULL,
    key_uri     TEXT    NOT NULL,
    guard       TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    entry       INTEGER NOT NULL,
    PRIMARY KEY (estate, environment, number),
    UNIQUE (estate, certificate)
) STRICT;

-- One generation of an environment signs; the others are history.
CREATE UNIQUE INDEX generations_active ON generations (estate, environment) WHERE status = 'active';

CREATE TABLE runs (
    estate  TEXT    NOT NULL REFERENCES estates (estate),
    run     TEXT    NOT NULL,
    digest  TEXT    NOT NULL,
    command TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    status  TEXT    NOT NULL,
    started INTEGER NOT NULL,
    ended   INTEGER NOT NULL,                   -- 0 while it runs
    plan    BLOB    NOT NULL,                   -- canonical bytes; the digest is theirs
    entry   INTEGER NOT NULL,
    PRIMARY KEY (estate, run)
) STRICT;

CREATE TABLE intents (
    estate    TEXT    NOT NULL,
    intent    TEXT    NOT NULL,
    run       TEXT    NOT NULL,
    action_id TEXT    NOT NULL,
    action    TEXT    NOT NULL,                 -- canonical JSON
    status    TEXT    NOT NULL,                 -- begun until its outcome is known
    begun     INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    notes     TEXT    NOT NULL,                 -- JSON list
    entry     INTEGER NOT NULL,
    PRIMARY KEY (estate, intent),
    FOREIGN KEY (estate, run) REFERENCES runs (estate, run)
) STRICT;

CREATE INDEX intents_run ON intents (estate, run, status);
CREATE INDEX intents_open ON intents (estate, entry) WHERE status = 'begun';

-- What is ours in AWS; the tags there must confirm it.
CREATE TABLE objects (
    estate TEXT    NOT NULL REFERENCES estates (estate),
    addr   TEXT    NOT NULL,
    arn    TEXT    NOT NULL,
    intent TEXT    NOT NULL,
    entry  INTEGER NOT NULL,
    PRIMARY KEY (estate, addr),
    UNIQUE (estate, arn)
) STRICT;

CREATE TABLE issued (
    estate      TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    serial      TEXT    NOT NULL,               -- lower-case hexadecimal
    workload    TEXT    NOT NULL,
    instance    TEXT    NOT NULL,
    certificate BLOB    NOT NULL,
    spki        BLOB    NOT NULL,               -- SHA-256 of the SubjectPublicKeyInfo
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    entry       INTEGER NOT NULL,
    PRIMARY KEY (estate, environment, generation, serial),
    FOREIGN KEY (estate, environment, generation) REFERENCES generations (estate, environment, number)
) STRICT;

CREATE INDEX issued_entry ON issued (estate, entry);
CREATE INDEX issued_spki ON issued (estate, spki, entry);
CREATE INDEX issued_workload ON issued (estate, environment, workload, entry);
CREATE INDEX issued_not_after ON issued (estate, not_after, entry);

CREATE TABLE audit (
    estate   TEXT    NOT NULL REFERENCES estates (estate),
    entry    INTEGER NOT NULL CHECK (entry >= 1),
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,                  -- canonical JSON
    previous BLOB    NOT NULL,                  -- hash of the entry before
    hash     BLOB    NOT NULL,
    PRIMARY KEY (estate, entry)
) STRICT;
