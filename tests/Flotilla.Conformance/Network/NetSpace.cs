using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Flotilla.Conformance.Live;
using Flotilla.Conformance.Node;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Network;

/// <summary>
/// Pods that answer over TCP (as HTTP: their name, the method, the path and who asked) and UDP (their name), pods that
/// ask, and what the machine itself, which is the node, gets as an answer.
/// </summary>
internal static class NetSpace
{
    public const string Image = "net-image";

    // Bare system calls, because the interpreter's libraries are not in the image.
    private const string Program = """
        $h=`hostname`;chomp $h;$SIG{CHLD}="IGNORE";
        for(@ARGV){my($k,$p)=split/:/;next if fork;my $a=pack("Sna4x8",2,$p,"\0"x4);
        if($k eq "udp"){socket(S,2,2,17);bind(S,$a)||die;while($c=recv(S,$b,999,0)){send(S,$h,0,$c)}}
        else{socket(S,2,1,6);setsockopt(S,1,2,1);bind(S,$a)||die;listen(S,99);while(1){$c=accept(C,S)||next;unless(fork){$l=<C>;($m,$u)=split(/ /,$l);$n=0;
        while(($x=<C>)!~/^\r?\n?$/){$n=$1 if $x=~/^content-length: *(\d+)/i}read(C,$y,$n) if $n;@o=unpack("x4C4",$c);$z="$h $m $u ".join(".",@o);
        print C "HTTP/1.1 200 OK\r\nContent-Length: ".length($z)."\r\nConnection: close\r\n\r\n".($m eq "HEAD"?"":$z);exit}close C}}exit}
        sleep 1 while 1
        """;

    private static readonly HttpClient Http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(5) };
    private static readonly Lock Gate = new();
    private static Task? loading;

    /// <summary>The image of these tests is loaded once.</summary>
    public static Task PrepareAsync(LiveCluster cluster)
    {
        lock (Gate)
        {
            return loading ??= cluster.LoadImageAsync(Image, "perl curl");
        }
    }

    /// <param name="listen">Like <c>tcp:8080 udp:8081</c>.</param>
    public static async Task<V1Pod> ServeAsync(this Space space, string name, string listen = "tcp:8080", string ports = "", params string[] spec)
    {
        await space.CreatePodAsync(ServerYaml(name, listen, ports, spec));
        return await space.ReadyPodAsync(name);
    }

    public static async Task<V1Pod> ClientAsync(this Space space, string name = "client", params string[] spec)
    {
        await space.CreatePodAsync(PodYaml.Server(name, "", spec).Replace("my-image", Image, StringComparison.Ordinal));
        return await space.ReadyPodAsync(name);
    }

    public static async Task<V1Service> ServiceAsync(this Space space, string name, string spec)
    {
        var service = KubernetesYaml.Deserialize<V1Service>($"metadata: {{name: {name}}}\nspec: {spec}\n");
        return await space.Client.CoreV1.CreateNamespacedServiceAsync(service, space.Name);
    }

    public static Task<V1Service> ServiceAsync(this Space space, string name) => space.Client.CoreV1.ReadNamespacedServiceAsync(name, space.Name);

    /// <summary>What a pod gets over HTTP, or why not.</summary>
    public static Task<string> FetchAsync(this Space space, string pod, string address) =>
        space.ShellAsync(pod, $"curl -sS -m 3 http://{address} 2>&1 || echo failed");

    /// <summary>What a pod gets by one datagram, or nothing.</summary>
    public static Task<string> DatagramAsync(this Space space, string pod, string address, int port) => space.ShellAsync(
        pod,
        "perl -e 'socket(S,2,2,17);$t=pack(\"Sna4x8\",2," + port.ToString(CultureInfo.InvariantCulture) + ",pack(\"C4\",split(/\\./,\"" + address
            + "\")));send(S,\"x\",0,$t);alarm 2;recv(S,$b,999,0);print $b' || echo failed");

    public static Task<string> FetchUntilAsync(this Space space, string pod, string address, string text) =>
        space.UntilAsync(() => space.FetchAsync(pod, address), answer => answer.Contains(text, StringComparison.Ordinal));

    public static Task<string> DatagramUntilAsync(this Space space, string pod, string address, int port, string text) =>
        space.UntilAsync(() => space.DatagramAsync(pod, address, port), answer => answer.Contains(text, StringComparison.Ordinal));

    /// <summary>What this machine gets over HTTP, or why not.</summary>
    public static async Task<string> NodeFetchAsync(string address)
    {
        try
        {
            return await Http.GetStringAsync(new Uri($"http://{address}"));
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return $"failed: {error.Message}";
        }
    }

    public static async Task<string> NodeDatagramAsync(string address, int port)
    {
        using var client = new UdpClient();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await client.SendAsync("x"u8.ToArray(), new IPEndPoint(IPAddress.Parse(address), port), limit.Token);
            return Encoding.UTF8.GetString((await client.ReceiveAsync(limit.Token)).Buffer);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return "failed";
        }
    }

    public static async Task<string> NodeAddressAsync(this Space space) =>
        (await space.Client.CoreV1.ReadNodeAsync(LiveCluster.NodeName)).Status.Addresses.First(address => address.Type == "InternalIP").Address;

    /// <summary>Addresses of a service's slices with the ports they lead to, sorted: <c>10.244.0.7:8080</c>.</summary>
    public static async Task<List<string>> SliceTargetsAsync(this Space space, string service)
    {
        var slices = await space.Client.DiscoveryV1.ListNamespacedEndpointSliceAsync(space.Name, labelSelector: $"kubernetes.io/service-name={service}");
        return
        [
            .. slices.Items
                .SelectMany(slice => (slice.Endpoints ?? []).SelectMany(endpoint => (slice.Ports ?? []).Select(port => string.Create(CultureInfo.InvariantCulture, $"{endpoint.Addresses[0]}:{port.Port}"))))
                .Order(StringComparer.Ordinal),
        ];
    }

    public static async Task<List<string>> EndpointTargetsAsync(this Space space, string service)
    {
        var endpoints = (await space.Client.CoreV1.ListNamespacedEndpointsAsync(space.Name, fieldSelector: $"metadata.name={service}")).Items;
        return
        [
            .. endpoints
                .SelectMany(one => one.Subsets ?? [])
                .SelectMany(subset => (subset.Addresses ?? []).SelectMany(address => subset.Ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"{address.Ip}:{port.Port}"))))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string ServerYaml(string name, string listen, string ports, string[] spec)
    {
        string[] command = ["perl", "-e", Program.Replace("\n", "", StringComparison.Ordinal), .. listen.Split(' ')];
        var container = $"{{name: main, image: {Image}, imagePullPolicy: Never, command: {JsonSerializer.Serialize(command)}{(ports.Length > 0 ? $", ports: {ports}" : "")}}}";
        return PodYaml.For(name, container, spec);
    }
}
