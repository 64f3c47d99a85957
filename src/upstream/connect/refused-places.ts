/** Never an upstream, whatever is allowed: cloud metadata lives there. */
export const NEVER = [
  ...['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32', 'fd20:ce::254/128', 'fd00:42::42/128'],
  ...['fd00:c1::a9fe:a9fe/128', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32'],
  // 169.254.0.0/16 inside an IPv6 address; ::ffff:0:0/96 is checked as the IPv4 address it is
  ...['::a9fe:0/112', '64:ff9b::a9fe:0/112', '2002:a9fe::/32'],
]

/** Private, loopback and reserved ranges: an upstream only where UPSTREAM_ALLOW_CIDRS says so. */
export const NOT_PUBLIC = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4', '::/96'],
  ...['::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16'], // carry IPv4
  ...['100::/64', 'fc00::/7', 'fec0::/10', 'ff00::/8'],
]

/** Names of metadata services, which are refused before they are resolved. */
export const METADATA_NAMES: ReadonlySet<string> = new Set([
  ...['metadata', 'metadata.google.internal', 'metadata.goog', 'metadata.azure.internal'],
  ...['instance-data', 'instance-data.ec2.internal', 'metadata.tencentyun.com'],
  ...['metadata.platformequinix.com', 'rancher-metadata', 'rancher-metadata.rancher.internal'],
])

/** The ports that browsers refuse ("bad ports" of the Fetch standard). */
const FETCH_BAD_PORTS = [
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101],
  ...[102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389],
  ...[427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636],
  ...[989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665],
  ...[6666, 6667, 6668, 6669, 6679, 6697, 10080],
]

/** Ports of databases, queues and cluster controls, which take harm from HTTP, or obey it. */
const INFRASTRUCTURE_PORTS = [
  ...[445, 1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 6379, 6380, 9042],
  ...[9092, 9200, 9300, 10250, 10255, 11211, 27017],
]

/** Ports that no upstream of the admin API can have. */
export const REFUSED_PORTS: ReadonlySet<number> = new Set([
  ...FETCH_BAD_PORTS,
  ...INFRASTRUCTURE_PORTS,
])
