use crate::error::Error;
use crate::frame::Process;
use crate::header::Header;
use crate::image::Image;
use crate::rows::Rows;
use crate::scale::Scale;
use crate::{progressive, sequential};

impl Header<'_> {
    /// Decodes the image. The work is bounded by the size of the file and of the image: every scan
    /// visits the image once, and there are at most a hundred; missing data is an error.
    ///
    /// # Errors
    /// [`Error::Corrupt`] unless every block of every component is there. An end marker may be
    /// missing, and anything may follow.
    pub fn decode(self, scale: Scale) -> Result<Image, Error> {
        self.check_length()?;
        let eighths = scale.eighths() as usize;
        let rows = match self.frame.process {
            Process::Sequential => sequential::decode(self, eighths)?,
            Process::Progressive => progressive::decode(self, eighths)?,
        };
        let Rows {
            width,
            height,
            pixels,
            ..
        } = rows;
        Ok(Image {
            width: width as u32,
            height: height as u32,
            pixels,
        })
    }
}
