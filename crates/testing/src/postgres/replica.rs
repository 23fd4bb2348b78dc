//! A primary and a replica that streams from it.

use std::{fs, io::Write as _, path::Path, time::Duration};

use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use tokio_postgres::{Client, NoTls};

use super::{
    cluster::{Cluster, new_directory},
    programs::give,
};

/// A primary keeps its log for replicas with these.
const REPLICATED: [&str; 6] =
    ["-c", "wal_level=replica", "-c", "max_wal_senders=10", "-c", "wal_keep_size=256MB"];
/// Files that belong to the running primary. The replica gets the log from the primary.
const LEFT_OUT: [&str; 5] = ["postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "pg_stat_tmp"];

/// Two servers that stop when this is dropped.
pub struct Servers {
    // The replica stops first.
    replica: Cluster,
    primary: Cluster,
}

impl Servers {
    pub async fn start() -> Self {
        let primary = Cluster::start(&REPLICATED, None);
        let directory = new_directory("replica");
        copy_files(&primary, &directory).await;
        fs::write(directory.join("standby.signal"), "").unwrap();
        let mut settings =
            fs::OpenOptions::new().append(true).open(directory.join("postgresql.auto.conf")).unwrap();
        writeln!(settings, "primary_conninfo = '{}'", primary.connection_of_replica()).unwrap();
        give(&directory);
        Self { replica: Cluster::serve(directory, &[]), primary }
    }

    /// An engine on the primary, with this replica and one that cannot be reached.
    pub fn engine(&self, max_lag: Duration) -> PostgresEngine {
        let replicas = vec!["postgres://nobody@127.0.0.1:1/postgres".to_owned(), self.replica.url()];
        let options = PostgresOptions { replicas, max_lag, ..PostgresOptions::default() };
        PostgresEngine::open(&self.primary.url(), options).unwrap()
    }

    /// Stops the replica from applying what it receives, or lets it go on.
    pub async fn pause(&self, pause: bool) {
        let call = if pause { "SELECT pg_wal_replay_pause()" } else { "SELECT pg_wal_replay_resume()" };
        connect(&self.replica).await.batch_execute(call).await.unwrap();
    }
}

async fn connect(cluster: &Cluster) -> Client {
    let (client, connection) = tokio_postgres::connect(&cluster.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Copies the files of a primary in an online backup.
async fn copy_files(primary: &Cluster, directory: &Path) {
    let client = connect(primary).await;
    client.batch_execute("SELECT pg_backup_start('replica', true)").await.unwrap();
    copy(&primary.directory, directory, &LEFT_OUT);
    for made in ["pg_wal/archive_status", "pg_replslot", "pg_stat_tmp"] {
        fs::create_dir_all(directory.join(made)).unwrap();
    }
    let row = client.query_one("SELECT labelfile FROM pg_backup_stop(false)", &[]).await.unwrap();
    fs::write(directory.join("backup_label"), row.get::<_, &str>(0)).unwrap();
}

/// Copies a directory. A file may go away while the primary runs; its log makes up for that.
fn copy(from: &Path, to: &Path, left_out: &[&str]) {
    for entry in fs::read_dir(from).unwrap().flatten() {
        let name = entry.file_name();
        if left_out.iter().any(|left| name == *left) {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if from.is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&from, &to, &[]);
        } else {
            fs::copy(from, to).ok();
        }
    }
}
