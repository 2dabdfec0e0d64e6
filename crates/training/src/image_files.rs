use std::path::Path;

/// File name extensions of images.
pub(crate) const EXTENSIONS: [&str; 12] = [
    "jpg", "jpeg", "jpe", "jfif", "pjpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif",
];

/// True if a file is an image by its extension.
pub fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(found)))
}
