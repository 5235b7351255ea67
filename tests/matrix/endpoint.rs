//! An endpoint that refuses connections at first, or for good.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// A reserved port. Nothing listens at it until [`open_after`](Self::open_after).
pub(crate) struct RefusingEndpoint {
    socket: TcpSocket,
    address: SocketAddr,
}

impl RefusingEndpoint {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // A bound socket that does not listen reserves its port, and connections to it are refused.
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forwards connections to `server` after `delay`, until the result is dropped.
    pub(crate) fn open_after(self, delay: Duration, server: SocketAddr) -> JoinSet<()> {
        let mut forward = JoinSet::new();
        forward.spawn(async move {
            tokio::time::sleep(delay).await;
            let listener = self.socket.listen(64).unwrap();
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(server).await else { return };
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        forward
    }
}
