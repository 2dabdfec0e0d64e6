//! The product id that the path of an image file gives.

use std::collections::BTreeMap;

use lookalike_core::product_id_of;

use crate::args::ProductIdSource;

impl ProductIdSource {
    /// Returns the product id of the image at a path below a folder, with `/` between folders.
    pub(crate) fn id_of(self, below: &str) -> String {
        let stem = product_id_of(below, &BTreeMap::new());
        let folders = below.rsplit_once('/').map(|(folders, _)| folders);
        match (self, folders) {
            (Self::Path, Some(folders)) => format!("{folders}/{stem}"),
            (Self::Folder, Some(folders)) => {
                let folder = folders.rsplit('/').next();
                folder.unwrap_or(folders).to_owned()
            }
            // Without a folder, the file name is all there is.
            (_, None) | (Self::Stem, _) => stem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_is_a_part_of_the_path() {
        let ids = |below| {
            let sources = [
                ProductIdSource::Stem,
                ProductIdSource::Path,
                ProductIdSource::Folder,
            ];
            sources.map(|source| source.id_of(below))
        };
        assert_eq!(ids("shoes/men/7.jpg"), ["7", "shoes/men/7", "men"]);
        assert_eq!(ids("7.jpg"), ["7", "7", "7"]);
    }
}
