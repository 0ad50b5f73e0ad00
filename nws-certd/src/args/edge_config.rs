use nws_challenge::{Backend, CentralHost, EdgeName, Listen, MapFile};

/// How edges are to come to the answers of challenges.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum EdgeConfigCommand {
    /// HAProxy passes challenges on to nws-certd: to any replica that is up and knows the token
    Haproxy {
        /// What is asked
        #[command(flatten)]
        backends: EdgeBackends,
        /// Begin each connection with who the client is (PROXY protocol, version 2); the listener has to expect it
        #[arg(long)]
        send_proxy: bool,
        /// The edge
        #[command(flatten)]
        edge: EdgeOptions,
    },
    /// HAProxy answers from the thumbprint of the account key by itself, whether nws-certd is there or not
    ///
    /// No private key is shown, and no CA is asked. What this risks, and what guards against it, stands in the text. It has to be written
    /// anew when the account key is changed.
    HaproxyStateless(EdgeStateless),
    /// nginx passes challenges on to nws-certd: to any replica that is up and knows the token
    Nginx {
        /// What is asked
        #[command(flatten)]
        backends: EdgeBackends,
        /// The edge
        #[command(flatten)]
        edge: EdgeOptions,
    },
    /// The edge sends CAs to one central host, which answers for all edges
    Redirect {
        /// Where challenges are answered: http://HOST, without a path
        #[arg(long, value_name = "URL")]
        central: CentralHost,
        /// What the edge runs
        #[arg(long = "for", value_enum, default_value_t = EdgeProgramName::Haproxy, value_name = "PROGRAM")]
        by: EdgeProgramName,
        /// The edge
        #[command(flatten)]
        edge: EdgeOptions,
    },
}

/// For which accounts an edge answers.
#[derive(Clone, Debug, clap::Args)]
pub struct EdgeStateless {
    /// Answer for the account at this CA, where accounts have several keys
    #[arg(long, value_name = "DIRECTORY")]
    pub ca: Option<String>,
    /// A file on the edge with a host and the thumbprint of its account in each line; other hosts have that of the first CA, or of --ca
    #[arg(long, value_name = "FILE")]
    pub map: Option<MapFile>,
    /// The edge
    #[command(flatten)]
    pub edge: EdgeOptions,
}

/// Whom an edge asks.
#[derive(Clone, Debug, clap::Args)]
pub struct EdgeBackends {
    /// Where a replica of nws-certd answers challenges; repeat it for each [default: challenge.listen, where it is of one address]
    #[arg(long = "backend", value_name = "HOST:PORT")]
    pub backends: Vec<Backend>,
}

/// One edge.
#[derive(Clone, Debug, clap::Args)]
pub struct EdgeOptions {
    /// What it calls itself in X-NWS-Edge [default: the machine's host name, looked up by the edge itself]
    #[arg(long = "edge", value_name = "NAME")]
    pub name: Option<EdgeName>,
    /// Where it listens for HTTP in clear; repeat it for each
    #[arg(long, value_name = "[ADDRESS]:PORT", default_values = [":80", "[::]:80"])]
    pub listen: Vec<Listen>,
    /// Leave paths that are of no challenge to other rules, in place of sending them to https
    #[arg(long)]
    pub leave_others: bool,
}

/// What an edge runs.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum EdgeProgramName {
    /// HAProxy
    Haproxy,
    /// nginx
    Nginx,
}
