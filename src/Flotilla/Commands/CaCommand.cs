using System.CommandLine;
using System.Net;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>The cluster's certificate authority: its certificate, and another one in its place.</summary>
internal static class CaCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public static Command Create() => new("ca", "The cluster's certificate authority.") { Show(), Rotate() };

    private static Command Show()
    {
        var command = new Command("show", "Print the authority's certificate, and on standard error how far a rotation is.");
        AdminAction.Set(command, async (_, client, _, cancellationToken) =>
        {
            var status = await ReadAsync(client, cancellationToken);
            Console.Write(status.Certificate);
            if (status.Started is { } started)
            {
                await Console.Error.WriteLineAsync($"It is being rotated since {started:u}. {WaitText(status)}");
            }
        });
        return command;
    }

    private static Command Rotate()
    {
        var certificate = new Option<FileInfo?>("--ca-cert") { Description = "The certificate (PEM) of the root to be the next authority, with --ca-key; without both one is made." };
        var key = new Option<FileInfo?>("--ca-key") { Description = "Its key (PEM)." };
        var detach = new Option<bool>("--detach", "-d") { Description = "Do not wait until all nodes have followed." };
        var command = new Command("rotate", "Make another certificate authority the cluster's: nodes get certificates of it, then the one before is trusted no more, and join tokens of before hold no more.") { certificate, key, detach };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var (given, itsKey) = (parsed.GetValue(certificate), parsed.GetValue(key));
            if ((given is null) != (itsKey is null))
            {
                throw new UserError("--ca-cert and --ca-key go together.");
            }

            var change = new AuthorityChange(TextOf(given), TextOf(itsKey));
            await client.SendAsync(HttpMethod.Post, AuthorityStatus.Path, "application/json", change.ToJson(), cancellationToken);
            if (!parsed.GetValue(detach))
            {
                await WaitAsync(settings, cancellationToken);
                Console.WriteLine($"The cluster has another certificate authority{(settings.Kubeconfig is { } own ? $", and {own} goes by it" : "")}. Others need a new kubeconfig (flotilla kubeconfig), and machines that join a new token (flotilla token create). Backups of before hold the old authority: flotilla backup now");
            }
        });
        return command;
    }

    private static string? TextOf(FileInfo? file)
    {
        try
        {
            return file is null ? null : File.ReadAllText(file.FullName);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UserError(unreadable.Message);
        }
    }

    private static async Task WaitAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        var told = "";
        for (var look = await LookAsync(settings, cancellationToken); !look.IsOver; look = await LookAsync(settings, cancellationToken))
        {
            if (look.Text is { } text && text != told)
            {
                await Console.Error.WriteLineAsync(told = text);
            }

            await Task.Delay(LookEvery, cancellationToken);
        }
    }

    // With the certificate of the moment: at the end those of before are refused.
    private static async Task<(bool IsOver, string? Text)> LookAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        using var client = ControlPlane.AdminClient(settings);
        try
        {
            var status = await ReadAsync(client, cancellationToken);
            return (status.Started is null, WaitText(status));
        }
        catch (ApiException late) when (late.Code == (int)HttpStatusCode.Unauthorized)
        {
            return (false, null);
        }
    }

    private static string WaitText(AuthorityStatus status) =>
        status.Awaited.Count == 0 ? "All have followed; it goes on in a moment." : $"Waiting for {string.Join(", ", status.Awaited)} (nodes that are away: for ten minutes).";

    private static async Task<AuthorityStatus> ReadAsync(HttpObjectClient client, CancellationToken cancellationToken) =>
        AuthorityStatus.FromJson(await client.SendAsync(HttpMethod.Get, AuthorityStatus.Path, null, default, cancellationToken));
}
