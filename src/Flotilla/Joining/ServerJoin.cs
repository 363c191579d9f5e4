using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Node;
using Flotilla.Node.Joining;

namespace Flotilla.Joining;

/// <summary>
/// Makes this machine a server of a cluster, once: it recognizes the cluster by the hash in its token, is given its keys, and
/// from then on starts by itself. A crash on the way leaves a machine that asks again.
/// </summary>
internal sealed class ServerJoin(ClusterSettings settings, JoinToken token, TimeProvider time)
{
    private readonly DnsEndPoint server = ServerList.EndPointOf(settings.Join!.Server);

    /// <summary>What it is now.</summary>
    /// <exception cref="JoinException">Why not, and what to do.</exception>
    public async Task<ClusterSettings> RunAsync(CancellationToken cancellationToken)
    {
        var authority = await ServerGreeting.MeetAsync(server, token, new NodeOptions { NodeName = settings.NodeName }.KubeletVersion, time, cancellationToken);
        var package = await AskAsync(authority, cancellationToken);
        var joined = package.ApplyTo(settings);
        joined = joined with { Agent = null, Join = joined.Join! with { IsDone = true } };
        await ForgetEtcdAsync(joined, package.Datastore, cancellationToken);
        await ClusterKeys.WriteAsync(settings.IdentityDirectory, [.. package.Keys, .. package.Datastore.Files], cancellationToken);
        joined.Validate();

        // Last: with it, the machine is a server.
        joined.Save();
        ClusterKeys.ForgetNode(settings.IdentityDirectory);
        return joined;
    }

    // What is left of a membership before is nobody's any more.
    private static async Task ForgetEtcdAsync(ClusterSettings joined, DatastorePackage package, CancellationToken cancellationToken)
    {
        if (package.Ticket is not null)
        {
            DataRemoval.Delete(ManagedEtcd.IdentityDirectory(joined));
            await ClusterKeys.WriteAsync(ManagedEtcd.IdentityDirectory(joined), package.EtcdKeys, cancellationToken);
            await ManagedEtcd.EndAsync(joined, cancellationToken);
            DataRemoval.Delete(ManagedEtcd.MemberFor(joined).DataDirectory);
        }
    }

    private async Task<ServerPackage> AskAsync(X509Certificate2 authority, CancellationToken cancellationToken)
    {
        // A node of the cluster that becomes a server keeps its name, by its certificate.
        var node = new NodeIdentity(settings.IdentityDirectory);
        X509Certificate2Collection authorities = [authority];
        using var client = new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = NodeJoin.Server,
            Authorities = () => authorities,
            BearerToken = () => token.Bearer,
            ClientCertificate = () => node.Client,
            Connect = cancel => ServerList.ConnectAsync(server, cancel),
        });
        var own = new JoiningServer(settings.NodeName, ControlPlane.OwnAddress(settings).ToString(), settings.ApiPort, (settings.Datastore.Etcd ?? new ManagedEtcdSettings()).PeerPort);
        try
        {
            return ServerPackage.FromJson(await client.SendAsync(HttpMethod.Post, JoiningServer.Path, "application/json", own.ToJson(), cancellationToken));
        }
        catch (ApiException refused)
        {
            throw new JoinException(refused.Message);
        }
        catch (HttpRequestException failure)
        {
            throw new JoinException($"The server at {ServerList.Text(server)} cannot be talked to: {ServerGreeting.Reason(failure)}.");
        }
        catch (JsonException)
        {
            throw new JoinException($"The server at {ServerList.Text(server)} does not let others join: its version is another than this one's.");
        }
    }
}
