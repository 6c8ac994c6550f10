-- A machine that lost its memory counts its events anew: their indices go on here behind those it had told before.
ALTER TABLE blank_mark ADD COLUMN shift INTEGER NOT NULL DEFAULT 0;

-- Pictures are kept sealed from here on; one that an older version left in clear is of no use.
UPDATE making_job SET picture = NULL;
