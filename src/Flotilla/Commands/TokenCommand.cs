using System.CommandLine;
using System.Globalization;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Local;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Tokens by which other machines join; they pin this cluster's authority.</summary>
internal static class TokenCommand
{
    public static Command Create() => new("token", "Tokens by which other machines join the cluster.") { New(), List(), Rotate(), Revoke() };

    /// <summary>What to type on the other machine.</summary>
    public static string JoinCommandFor(ClusterSettings settings, BootstrapToken token) =>
        $"flotilla agent --server https://{settings.LocalAddress ?? MachineAddresses.Primary().ToString()}:{settings.ApiPort} --token {TextOf(settings, token)}";

    public static string TextOf(ClusterSettings settings, BootstrapToken token) =>
        token.For(JoinToken.HashOf(ControlPlane.IdentityFor(settings, TimeProvider.System).CaCertificate)).ToString();

    private static Command New()
    {
        var ttl = Durations.Option("--ttl", "How long it holds (24h); 0s: for ever.");
        var description = new Option<string>("--description") { Description = "What it is for.", DefaultValueFactory = _ => "" };
        var command = new Command("create", "Make a token and print what to type on the machine that joins.") { ttl, description };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var tokens = TokensOf(client);
            var lifetime = parsed.GetValue(ttl) ?? JoinTokens.UsualLifetime;
            var token = await tokens.CreateAsync(lifetime == TimeSpan.Zero ? null : lifetime, parsed.GetValue(description)!, cancellationToken);
            Console.WriteLine(JoinCommandFor(settings, token));
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the tokens that hold.");
        AdminAction.Set(command, async (settings, client, _, cancellationToken) =>
        {
            var tokens = TokensOf(client);
            var table = new Table { Border = TableBorder.None };
            table.AddColumns("ID", "EXPIRES", "DESCRIPTION");
            foreach (var token in await tokens.ListAsync(cancellationToken))
            {
                table.AddRow(token.Id, token.Expires?.ToString("u", CultureInfo.InvariantCulture) ?? "never", token.Description.EscapeMarkup());
            }

            AnsiConsole.Write(table);
        });
        return command;
    }

    private static Command Rotate()
    {
        var command = new Command("rotate", "Make a new token; those of before hold no more. Nodes that have joined stay.");
        AdminAction.Set(command, async (settings, client, _, cancellationToken) =>
        {
            var tokens = TokensOf(client);
            var old = await tokens.ListAsync(cancellationToken);
            Console.WriteLine(JoinCommandFor(settings, await tokens.CreateAsync(JoinTokens.UsualLifetime, "made by 'flotilla token rotate'", cancellationToken)));
            foreach (var token in old)
            {
                await tokens.RevokeAsync(token.Id, cancellationToken);
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
