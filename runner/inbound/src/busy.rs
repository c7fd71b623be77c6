//! The answer to a connection there is no place for: written before anything is read, so it is the same for every request.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client may take to hear it.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// What a client is told for which there is no place.
#[derive(Debug, Clone)]
pub struct Busy {
    answer: String,
}

impl Busy {
    /// An answer with status 429 and this document.
    pub fn telling(document: &str) -> Self {
        let length = document.len();
        let answer = format!(
            "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             retry-after: 1\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{document}"
        );
        Self { answer }
    }

    /// Says it to whoever has not even asked yet, and hangs up.
    pub(crate) async fn tell(&self, mut stream: TcpStream) {
        let told = async {
            stream.write_all(self.answer.as_bytes()).await?;
            stream.shutdown().await?;
            // Closing with something unread would reset the connection and take the answer with it.
            let mut unread = [0; 1024];
            while stream.read(&mut unread).await? > 0 {}
            Ok::<_, std::io::Error>(())
        };
        // Whether it was heard is the client's affair.
        let _ = timeout(HEARD_WITHIN, told).await;
    }
}
