//! Storage that is opened before anything is served.

use std::sync::Arc;

use s3s_fs::FileSystem;

use crate::dynamodb::{DynamoDbServer, StreamReader};
use crate::error::StartError;
use crate::events::{ObjectFacts, Queue, created, removed};
use crate::folder::DataFolder;
use crate::options::{Notify, Options};
use crate::s3::LocalS3;
use crate::store::{Change, Incoming, ObjectStore, Uploads};

/// The opened folder, objects, database and stream.
pub(crate) struct Storage {
    pub(crate) folder: Arc<DataFolder>,
    pub(crate) s3: LocalS3,
    pub(crate) database: dynoxide::Database,
    /// Reads the writes to the watched table.
    pub(crate) stream: Option<StreamReader>,
}

impl Storage {
    pub(crate) fn open(options: &Options, queue: Arc<Queue>) -> Result<Self, StartError> {
        let folder = Arc::new(DataFolder::open(&options.data)?);
        let fail = |path: std::path::PathBuf| move |source| StartError::Folder { path, source };
        for bucket in &options.buckets {
            if !s3s::path::check_bucket_name(bucket) {
                return Err(StartError::BucketName(bucket.clone()));
            }
            let path = folder.objects().join(bucket);
            std::fs::create_dir_all(&path).map_err(fail(path))?;
        }
        let listener = listener(options.notify.clone(), queue);
        let store = ObjectStore::open(&folder.objects(), &folder.versions(), listener);
        let incoming = Incoming::open(&folder.incoming()).map_err(fail(folder.incoming()))?;
        let uploads = Uploads::open(&folder.uploads()).map_err(fail(folder.uploads()))?;
        let buckets = FileSystem::new(folder.objects())
            .map_err(|error| fail(folder.objects())(std::io::Error::other(format!("{error:?}"))))?;
        let s3 = LocalS3 {
            buckets: Arc::new(buckets),
            store: Arc::new(store.map_err(fail(folder.versions()))?),
            incoming: Arc::new(incoming),
            uploads: Arc::new(uploads),
            _folder: folder.clone(),
        };
        let database = DynamoDbServer::open(&folder.database(), &options.tables)?;
        let follow = |table: &str| {
            let reader = StreamReader::latest(database.clone(), table);
            reader.map_err(|reason| StartError::Table {
                table: table.to_owned(),
                reason,
            })
        };
        let watched = options.watch.as_ref();
        let stream = watched.map(|watched| follow(&watched.table)).transpose()?;
        Ok(Self {
            folder,
            s3,
            database,
            stream,
        })
    }
}

/// Returns a listener that queues an event for each change of a watched object.
fn listener(
    notify: Option<Notify>,
    queue: Arc<Queue>,
) -> impl Fn(&Change<'_>) + Send + Sync + 'static {
    move |change| {
        let (Change::Created { address, .. } | Change::Removed { address, .. }) = change;
        let watches = |notify: &Notify| {
            address.bucket == notify.bucket && address.key.starts_with(&notify.prefix)
        };
        if !notify.as_ref().is_some_and(watches) {
            return;
        }
        let facts = |at, version| ObjectFacts {
            bucket: &address.bucket,
            key: &address.key,
            at,
            version,
        };
        queue.push(&match change {
            Change::Created { version, event, .. } => {
                let sized = (version.stamp.size, version.etag.as_str());
                created(&facts(version.stamp.modified, Some(sized)), event)
            }
            Change::Removed { at, .. } => removed(&facts(*at, None)),
        });
    }
}
