import GRDB

/// The tables, as steps that are taken once each and never changed afterwards.
enum LibrarySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 library and lineage") { database in
            try database.execute(sql: library)
            try database.execute(sql: counts)
            try database.execute(sql: lineage)
        }
        migrator.registerMigration("2 counts of clusters") { try $0.execute(sql: clusterCounts) }
        migrator.registerMigration("3 judgements") { try $0.execute(sql: judgements) }
        return migrator
    }

    /// Paths are bytes, relative to their folder. Times are nanoseconds (of files) or microseconds since 1970.
    private static let library = """
        CREATE TABLE folders (
            id INTEGER PRIMARY KEY,
            path BLOB NOT NULL UNIQUE,
            options TEXT NOT NULL,
            added_at INTEGER NOT NULL,
            device INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'new',
            scanned_at INTEGER
        );
        CREATE TABLE clusters (
            id INTEGER PRIMARY KEY,
            split TEXT NOT NULL CHECK (split IN ('train', 'held-out'))
        );
        CREATE TABLE images (
            id INTEGER PRIMARY KEY,
            folder_id INTEGER NOT NULL REFERENCES folders ON DELETE CASCADE,
            path BLOB NOT NULL,
            device INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,
            modified_at INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('new', 'ready', 'skipped', 'quarantined', 'missing')),
            content_hash BLOB,
            perceptual_hash INTEGER,
            width INTEGER,
            height INTEGER,
            cluster_id INTEGER REFERENCES clusters,
            times_used INTEGER NOT NULL DEFAULT 0,
            last_error TEXT,
            UNIQUE (folder_id, path)
        );
        -- Files to leave alone, by what identifies them: neither their names nor anything of what they show.
        CREATE TABLE forgotten (
            device INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,
            modified_at INTEGER NOT NULL,
            content_hash BLOB,
            PRIMARY KEY (device, inode, size, modified_at)
        ) WITHOUT ROWID;
        CREATE INDEX forgotten_by_content ON forgotten (content_hash) WHERE content_hash IS NOT NULL;
        CREATE INDEX images_waiting ON images (state) WHERE state IN ('new', 'quarantined', 'missing');
        CREATE INDEX images_by_content ON images (content_hash) WHERE content_hash IS NOT NULL;
        CREATE INDEX images_by_cluster ON images (cluster_id) WHERE cluster_id IS NOT NULL;
        """

    /// How many images of a folder are in each state, kept by triggers: counting 100,000 rows takes longer than a
    /// status may.
    private static let counts = """
        CREATE TABLE image_counts (
            folder_id INTEGER NOT NULL REFERENCES folders ON DELETE CASCADE,
            state TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (folder_id, state)
        ) WITHOUT ROWID;
        CREATE TRIGGER images_inserted AFTER INSERT ON images BEGIN
            INSERT INTO image_counts VALUES (NEW.folder_id, NEW.state, 1)
                ON CONFLICT DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER images_deleted AFTER DELETE ON images BEGIN
            UPDATE image_counts SET count = count - 1 WHERE folder_id = OLD.folder_id AND state = OLD.state;
        END;
        CREATE TRIGGER images_changed AFTER UPDATE OF state, folder_id ON images BEGIN
            UPDATE image_counts SET count = count - 1 WHERE folder_id = OLD.folder_id AND state = OLD.state;
            INSERT INTO image_counts VALUES (NEW.folder_id, NEW.state, 1)
                ON CONFLICT DO UPDATE SET count = count + 1;
        END;
        """

    /// The same for clusters, by split.
    private static let clusterCounts = """
        CREATE TABLE cluster_counts (split TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO cluster_counts SELECT split, count(*) FROM clusters GROUP BY split;
        CREATE TRIGGER clusters_inserted AFTER INSERT ON clusters BEGIN
            INSERT INTO cluster_counts VALUES (NEW.split, 1) ON CONFLICT DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER clusters_deleted AFTER DELETE ON clusters BEGIN
            UPDATE cluster_counts SET count = count - 1 WHERE split = OLD.split;
        END;
        CREATE TRIGGER clusters_changed AFTER UPDATE OF split ON clusters BEGIN
            UPDATE cluster_counts SET count = count - 1 WHERE split = OLD.split;
            INSERT INTO cluster_counts VALUES (NEW.split, 1) ON CONFLICT DO UPDATE SET count = count + 1;
        END;
        """

    /// What was made of the photos. Photos are named by the hash of their content only, so that a renamed one is still
    /// known, and a forgotten one can be found.
    private static let lineage = """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            parent TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            state TEXT NOT NULL,
            seed INTEGER NOT NULL,
            steps INTEGER NOT NULL DEFAULT 0,
            configuration TEXT NOT NULL
        );
        CREATE TABLE run_photos (
            run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
            content_hash BLOB NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('train', 'held-out')),
            PRIMARY KEY (run_id, content_hash)
        ) WITHOUT ROWID;
        CREATE TABLE generations (
            id TEXT PRIMARY KEY,
            parent TEXT NOT NULL,
            run_id INTEGER REFERENCES runs,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL
        );
        CREATE TABLE metrics (
            generation_id TEXT NOT NULL REFERENCES generations ON DELETE CASCADE,
            name TEXT NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (generation_id, name)
        ) WITHOUT ROWID;
        CREATE TABLE usage (
            day TEXT PRIMARY KEY,
            seconds REAL NOT NULL
        );
        CREATE TABLE settings (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        );
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            detail TEXT NOT NULL
        );
        """

    /// What became of each run, and what the files of its weights must add up to.
    private static let judgements = """
        ALTER TABLE generations ADD COLUMN digest TEXT NOT NULL DEFAULT '';
        CREATE TABLE judgements (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
            generation_id TEXT,
            judged_at INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            gain REAL NOT NULL,
            lower_bound REAL NOT NULL,
            canary_gain REAL NOT NULL,
            photos INTEGER NOT NULL,
            level REAL NOT NULL
        );
        CREATE INDEX judgements_by_run ON judgements (run_id);
        CREATE INDEX images_unused ON images (cluster_id) WHERE times_used = 0 AND state = 'ready';
        """
}
