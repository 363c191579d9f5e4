using System.CommandLine;
using System.Globalization;
using System.Net;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Local;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Tokens by which other machines join, as workers or as managers; they pin this cluster's authority.</summary>
internal static class TokenCommand
{
    /// <summary>What is wrong with a text that is of no token's form.</summary>
    public const string NoToken = "--token is no join token: it begins with FLOTILLA1, ends with ID.SECRET and is printed by 'flotilla token create' on a server.";

    public static Command Create() => new("token", "Tokens by which other machines join the cluster.") { New(), List(), Rotate(), Revoke() };

    /// <summary>What to type on the other machine, which becomes a node.</summary>
    public static string JoinCommandFor(ClusterSettings settings, BootstrapToken token) => $"flotilla agent --server {UrlOf(settings)} --token {TextOf(settings, token)}";

    public static string TextOf(ClusterSettings settings, BootstrapToken token) => token.For(AuthorityHashOf(settings)).ToString();

    public static string AuthorityHashOf(ClusterSettings settings) => JoinToken.HashOf(ControlPlane.IdentityFor(settings, TimeProvider.System).CaCertificate);

    /// <summary>The same for one that becomes a server.</summary>
    public static string ServerJoinCommandFor(ClusterSettings settings, JoinToken token) => $"flotilla server --join {UrlOf(settings)} --token {token}";

    private static string UrlOf(ClusterSettings settings) => $"https://{new IPEndPoint(ControlPlane.OwnAddress(settings), settings.ApiPort)}";

    private static Option<bool> Manager() => new("--manager") { Description = "For a server, not for a node that only runs pods." };

    private static Command New()
    {
        var manager = Manager();
        var ttl = Durations.Option("--ttl", "How long it holds (24h); 0s: for ever.");
        var description = new Option<string>("--description") { Description = "What it is for.", DefaultValueFactory = _ => "" };
        var command = new Command("create", "Make a token and print what to type on the machine that joins.") { manager, ttl, description };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var lifetime = parsed.GetValue(ttl) ?? JoinTokens.UsualLifetime;
            Console.WriteLine(await CreateAsync(settings, client, parsed.GetValue(manager), lifetime == TimeSpan.Zero ? null : lifetime, parsed.GetValue(description)!, cancellationToken));
        });
        return command;
    }

    private static async Task<string> CreateAsync(ClusterSettings settings, HttpObjectClient client, bool forManager, TimeSpan? lifetime, string description, CancellationToken cancellationToken)
    {
        var tokens = TokensOf(client);
        if (!forManager)
        {
            return JoinCommandFor(settings, await tokens.CreateAsync(lifetime, description, cancellationToken));
        }

        return settings.Datastore.IsEtcd
            ? ServerJoinCommandFor(settings, await tokens.CreateManagerAsync(AuthorityHashOf(settings), lifetime, description, cancellationToken))
            : throw new UserError(ServerAdmission.NotShared);
    }

    private static Command List()
    {
        var command = new Command("list", "List the tokens that hold.");
        AdminAction.Set(command, async (_, client, _, cancellationToken) =>
        {
            var tokens = TokensOf(client);
            var table = new Table { Border = TableBorder.None };
            table.AddColumns("ID", "FOR", "EXPIRES", "DESCRIPTION");
            foreach (var token in await tokens.ListManagersAsync(cancellationToken))
            {
                table.AddRow(token.Id, "manager", ExpiryOf(token.Expires), token.Description.EscapeMarkup());
            }

            foreach (var token in await tokens.ListAsync(cancellationToken))
            {
                table.AddRow(token.Id, "worker", ExpiryOf(token.Expires), token.Description.EscapeMarkup());
            }

            AnsiConsole.Write(table);
        });
        return command;
    }

    private static string ExpiryOf(DateTimeOffset? expires) => expires?.ToString("u", CultureInfo.InvariantCulture) ?? "never";

    private static Command Rotate()
    {
        var manager = Manager();
        var command = new Command("rotate", "Make a new token; those of its kind from before hold no more. Who has joined stays.") { manager };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var tokens = TokensOf(client);
            var forManager = parsed.GetValue(manager);
            IReadOnlyList<string> old = forManager
                ? [.. (await tokens.ListManagersAsync(cancellationToken)).Select(token => token.Id)]
                : [.. (await tokens.ListAsync(cancellationToken)).Select(token => token.Id)];
            Console.WriteLine(await CreateAsync(settings, client, forManager, JoinTokens.UsualLifetime, "made by 'flotilla token rotate'", cancellationToken));
            foreach (var id in old)
            {
                await tokens.RevokeAsync(id, cancellationToken);
            }
        });
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<string>("ID") { Description = "As 'flotilla token list' shows it, or a whole token." };
        var command = new Command("revoke", "Take a token back.") { id };
        AdminAction.Set(command, async (_, client, parsed, cancellationToken) =>
        {
            var tokens = TokensOf(client);
            var text = parsed.GetValue(id)!;
            var name = JoinToken.Parse(text)?.Id ?? text;
            Console.WriteLine(await tokens.RevokeAsync(name, cancellationToken)
                ? $"Token {name} holds no more."
                : throw new UserError($"There is no token {name}; 'flotilla token list' shows those there are."));
        });
        return command;
    }

    private static JoinTokens TokensOf(HttpObjectClient client) => new(client, TimeProvider.System);
}
