using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Client;
using Flotilla.Client.Joining;

namespace Flotilla.Node.Joining;

/// <summary>
/// The first words with a server that nobody trusts yet: which authority it claims, its clock and its version. Nothing secret
/// is sent. What does not fit is said in one sentence.
/// </summary>
public static partial class ServerGreeting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LargestSkew = TimeSpan.FromMinutes(4);

    /// <summary>The cluster's authority that the token pins: while it is rotated there are two, and nothing vouches for the other.</summary>
    /// <exception cref="JoinException">It is another, or the machine and the server do not fit.</exception>
    public static async Task<X509Certificate2> MeetAsync(DnsEndPoint server, JoinToken token, string ownVersion, TimeProvider time, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = Patience };
        // Whom to trust is what is asked for: the token's hash tells whether the answer is right.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        using var http = new HttpClient(new LostConnectionHandler(handler)) { BaseAddress = new Uri($"https://{ServerList.Text(server)}"), Timeout = Patience };
        try
        {
            using var version = await http.GetAsync(new Uri("/version", UriKind.Relative), cancellationToken);
            if (SkewProblem(version.Headers.Date, time.GetUtcNow()) is { } skew)
            {
                throw new JoinException(skew);
            }

            var told = JsonNode.Parse(await version.Content.ReadAsStringAsync(cancellationToken));
            if (VersionSkew.Problem((string?)told?["gitVersion"], ownVersion) is { } unfit)
            {
                throw new JoinException(unfit);
            }

            using var answer = await http.GetAsync(
                new Uri($"/api/v1/namespaces/{ClusterFacts.PublicNamespace}/configmaps/{ClusterFacts.PublicName}", UriKind.Relative), cancellationToken);
            var info = answer.IsSuccessStatusCode ? JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken)) : null;
            var authorities = AuthoritiesIn((string?)info?["data"]?[ClusterFacts.PublicKey])
                ?? throw new JoinException($"The server at {ServerList.Text(server)} does not tell its certificate authority (code {(int)answer.StatusCode}); is it a Flotilla server?");
            return authorities.FirstOrDefault(authority => JoinToken.HashOf(authority) == token.AuthorityHash)
                ?? throw new JoinException(
                    $"The server at {ServerList.Text(server)} belongs to another cluster than the token: its authority is {JoinToken.HashOf(authorities[0])[..12]}..., the token pins {token.AuthorityHash[..12]}...; "
                    + "check --server, or, if that cluster's authority was rotated since the token was made, get a token of that cluster with 'flotilla token create' on its server.");
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new JoinException($"No server answers at https://{ServerList.Text(server)} ({Reason(failure)}); check the address, that the server runs and that no firewall is between.");
        }
        catch (System.Text.Json.JsonException)
        {
            throw new JoinException($"What answers at https://{ServerList.Text(server)} is no Kubernetes API; check --server.");
        }
    }

    /// <summary>Null: the clocks agree well enough for certificates.</summary>
    internal static string? SkewProblem(DateTimeOffset? servers, DateTimeOffset ours)
    {
        if (servers is not { } told || (told - ours).Duration() <= LargestSkew)
        {
            return null;
        }

        var (amount, direction) = ((told - ours).Duration(), told > ours ? "behind" : "ahead of");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"This machine's clock ({ours:u}) is {amount:d\\.hh\\:mm\\:ss} {direction} the server's ({told:u}), so no certificate would be valid; set the clock, for example with NTP, and try again.");
    }

    internal static X509Certificate2Collection? AuthoritiesIn(string? kubeconfig)
    {
        var encoded = new byte[16 << 10];
        return kubeconfig is not null && AuthorityData().Match(kubeconfig) is { Success: true } match
            && Convert.TryFromBase64String(match.Groups["data"].Value, encoded, out var length)
            && NodeIdentity.FromPem(Encoding.ASCII.GetString(encoded, 0, length)) is { Count: > 0 } found
                ? found
                : null;
    }

    /// <summary>In a few words why a connection failed.</summary>
    public static string Reason(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException socket:
                    return socket.SocketErrorCode switch
                    {
                        SocketError.ConnectionRefused => "connection refused",
                        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no route to it",
                        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "its name is unknown",
                        _ => socket.Message,
                    };
                case TimeoutException or OperationCanceledException:
                    return "no answer in time";
            }
        }

        return failure.Message;
    }

    [GeneratedRegex("certificate-authority-data: *(?<data>[A-Za-z0-9+/=]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AuthorityData();
}
