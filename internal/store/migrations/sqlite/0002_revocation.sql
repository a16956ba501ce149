-- Batches, revocations and CRLs, and certificates found quickly among a
-- million by whatever one may ask for.

-- A list of certificates that was asked for at once; the id is a digest of it.
CREATE TABLE batches (
    estate      TEXT    NOT NULL REFERENCES estates (estate),
    batch       TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    total       INTEGER NOT NULL CHECK (total >= 1),
    created     INTEGER NOT NULL,
    entry       INTEGER NOT NULL,
    PRIMARY KEY (estate, batch)
) STRICT;

-- Which line of which batch a certificate is for; NULL when it is of none.
ALTER TABLE issued ADD COLUMN batch TEXT;
ALTER TABLE issued ADD COLUMN line INTEGER;

CREATE UNIQUE INDEX issued_line ON issued (estate, batch, line) WHERE batch IS NOT NULL;
CREATE INDEX issued_issuer ON issued (estate, environment, generation, entry);
CREATE INDEX issued_instance ON issued (estate, environment, workload, instance, entry) WHERE instance <> '';

-- By end, for each environment; not_before makes it enough to count those
-- that are valid.
DROP INDEX issued_not_after;
CREATE INDEX issued_end ON issued (estate, environment, not_after, entry, not_before);

-- A revocation outlives the record of its certificate: it is needed until a
-- CRL after the certificate's end has listed it (RFC 5280 section 3.3).
CREATE TABLE revocations (
    estate      TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    serial      TEXT    NOT NULL,               -- lower-case hexadecimal
    at          INTEGER NOT NULL,
    reason      INTEGER NOT NULL,               -- RFC 5280 section 5.3.1
    not_after   INTEGER NOT NULL,               -- of the certificate
    dropped     INTEGER NOT NULL,               -- number of the CRL that was the last to need it, or 0
    entry       INTEGER NOT NULL,
    PRIMARY KEY (estate, environment, generation, serial),
    FOREIGN KEY (estate, environment, generation) REFERENCES generations (estate, environment, number)
) STRICT;

CREATE INDEX revocations_entry ON revocations (estate, entry);
CREATE INDEX revocations_kept ON revocations (estate, environment, generation, not_after) WHERE dropped = 0;

-- The newest CRL of each issuer; the audit log tells of those before it.
CREATE TABLE crls (
    estate      TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    entries     INTEGER NOT NULL,
    der         BLOB    NOT NULL,
    entry       INTEGER NOT NULL,
    PRIMARY KEY (estate, environment, generation),
    FOREIGN KEY (estate, environment, generation) REFERENCES generations (estate, environment, number)
) STRICT;

-- What SQLite plans its queries by: an estate with a million certificates,
-- whatever its size is. Otherwise it believes that an estate has few of
-- anything, and no estate would ever be analysed before it is too late
-- (https://www.sqlite.org/lang_analyze.html). After the number of rows stands
-- how many share the first column of the index, the first two, and so on.
ANALYZE;
DROP TABLE IF EXISTS sqlite_stat4; -- empty, and read at each start
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('issued', 'sqlite_autoindex_issued_1', '1000000 1000000 300000 100000 1'),
    ('issued', 'issued_entry', '1000000 1000000 1'),
    ('issued', 'issued_spki', '1000000 1000000 2 1'),
    ('issued', 'issued_workload', '1000000 1000000 300000 10000 1'),
    ('issued', 'issued_instance', '500000 500000 200000 5000 50 1'),
    ('issued', 'issued_line', '500000 500000 10000 1'),
    ('issued', 'issued_issuer', '1000000 1000000 300000 100000 1'),
    ('issued', 'issued_end', '1000000 1000000 300000 10 1 1'),
    ('revocations', 'sqlite_autoindex_revocations_1', '10000 10000 1000 100 1'),
    ('revocations', 'revocations_entry', '10000 10000 1'),
    ('revocations', 'revocations_kept', '10000 10000 1000 100 2'),
    ('audit', 'sqlite_autoindex_audit_1', '1500000 1500000 1');
ANALYZE sqlite_schema; -- reads them
