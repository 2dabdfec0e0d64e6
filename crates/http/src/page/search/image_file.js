// A shopper's image file, made ready to be sent

// A body reaches a Lambda function in base64 and has at most 6 MB there: an image of 4.4 MB.
const MAX_BYTES = 4.4e6;
// Below both, an image is sent as it is. The network only sees 224 pixels of a larger one.
const GOOD_BYTES = 1e6;
const GOOD_SIDE = 1024;
// A small part of a large image keeps more of its pixels.
const MAX_SIDE = 2560;
const SUPPORTED_TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"];

// Decodes whatever the browser can show: some formats, such as HEIC and SVG, are shown in pages but not given to scripts.
async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
      if (!image.width) throw new Error("an image without a size");
      return image;
    } finally {
      setTimeout(() => URL.revokeObjectURL(image.src), 1e4);
    }
  }
}

// Scales large images down: they travel faster and find the same. Formats that the service does not read become JPEG.
async function bodyOf(file, crop) {
  let bitmap;
  try {
    bitmap = await decoded(file);
  } catch {
    if (file.size <= MAX_BYTES) return file;
    throw new Problem(
      "The photo is too large",
      "This browser cannot make it smaller. Use a photo of at most 4.4 MB."
    );
  }
  const { width, height } = bitmap;
  const side = Math.max(width, height);
  if (file.size <= GOOD_BYTES && side <= 4 * GOOD_SIDE && SUPPORTED_TYPES.includes(file.type)) {
    bitmap.close?.();
    return file;
  }
  const part = crop ? Math.max(crop[2] * width, crop[3] * height) : side;
  const scale = Math.min(1, GOOD_SIDE / part, MAX_SIDE / side);
  const canvas = make("canvas", {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale))
  });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close?.();
  const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return smaller && smaller.size <= MAX_BYTES ? smaller : file;
}

function nameOf(file) {
  return file.name && file.name !== "image.png" ? file.name : "Your photo";
}
