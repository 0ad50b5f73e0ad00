//! Where validators connect.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted. When there are as many, the kernel drops a SYN, and who sent it waits a second before the
/// next: a tenth of a validator's patience. `TcpListener::bind` has room for 128, which a burst of strangers fills.
const QUEUE: u32 = 1024;

/// Listens on `address`, with room for a burst of connections (as far as the kernel's `net.core.somaxconn` lets it).
///
/// # Errors
///
/// The operating system's: the address is taken, is not this machine's, or its port is a privileged one.
///
/// # Panics
///
/// Outside of a tokio runtime that has I/O.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart finds connections of the process before in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_burst_finds_room_while_nobody_accepts() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let burst = async {
            let mut all = Vec::new();
            for _ in 0..200 {
                all.push(TcpStream::connect(address).await.unwrap());
            }
        };
        assert!(timeout(Duration::from_secs(30), burst).await.is_ok(), "the kernel has no room");
    }
}
