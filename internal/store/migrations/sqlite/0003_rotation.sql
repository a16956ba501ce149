-- Rotations of the root and of issuers: who replaces whom, what probes have
-- seen, and the certificates that were renewed under their key.

-- A generation is minted as 'next', signs as 'active', and after the cut-over
-- it is 'draining' until it is 'retired'. There is one of each at most.
DROP INDEX generations_active;
CREATE UNIQUE INDEX generations_standing ON generations (estate, environment, status) WHERE status <> 'retired';

CREATE TABLE rotations (
    estate      TEXT    NOT NULL,
    environment TEXT    NOT NULL,               -- '' for the root
    number      INTEGER NOT NULL CHECK (number >= 1),
    kind        TEXT    NOT NULL,
    former      INTEGER NOT NULL,               -- the generation that is replaced
    successor   INTEGER NOT NULL,               -- the same in a renewal; it may not be minted yet
    reason      TEXT    NOT NULL,
    keep_key    INTEGER NOT NULL,               -- 1: the former's key is archived
    actor       TEXT    NOT NULL,
    started     INTEGER NOT NULL,
    cut_over    INTEGER NOT NULL,               -- 0 until then
    ended       INTEGER NOT NULL,               -- 0 while it is open
    outcome     TEXT    NOT NULL,
    entry       INTEGER NOT NULL,
    PRIMARY KEY (estate, environment, number),
    FOREIGN KEY (estate, environment, former) REFERENCES generations (estate, environment, number)
) STRICT;

CREATE UNIQUE INDEX rotations_open ON rotations (estate, environment) WHERE ended = 0;

CREATE TABLE probes (
    estate      TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    rotation    INTEGER NOT NULL,
    target      TEXT    NOT NULL,               -- ACCOUNT/REGION
    successes   INTEGER NOT NULL,               -- in a row
    first       INTEGER NOT NULL,               -- of the row
    last        INTEGER NOT NULL,
    failure     TEXT    NOT NULL,               -- of the last one, or ''
    entry       INTEGER NOT NULL,
    PRIMARY KEY (estate, environment, rotation, target),
    FOREIGN KEY (estate, environment, rotation) REFERENCES rotations (estate, environment, number)
) STRICT;

-- Certificates that generations had before they were renewed.
CREATE TABLE former_certificates (
    estate      TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    certificate BLOB    NOT NULL,
    replaced    INTEGER NOT NULL,
    recorded    INTEGER NOT NULL,               -- the audit entry that tells of this certificate
    entry       INTEGER NOT NULL,               -- that of the renewal
    PRIMARY KEY (estate, certificate),
    FOREIGN KEY (estate, environment, generation) REFERENCES generations (estate, environment, number)
) STRICT;
