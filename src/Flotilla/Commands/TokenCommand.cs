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
        $"flotilla {(token.Role == JoinRole.Manager ? "server --join" : "agent --server")} https://{settings.LocalAddress ?? MachineAddresses.Primary().ToString()}:{settings.ApiPort} --token {TextOf(settings, token)}";

    public static string TextOf(ClusterSettings settings, BootstrapToken token) =>
        token.For(JoinToken.HashOf(ControlPlane.IdentityFor(settings, TimeProvider.System).CaCertificate)).ToString();

    private static Command New()
    {
        var manager = new Option<bool>("--manager") { Description = "For a server, not for a node that only runs pods." };
        var ttl = Durations.Option("--ttl", "How long it holds (24h); 0s: for ever.");
        var description = new Option<string>("--description") { Description = "What it is for.", DefaultValueFactory = _ => "" };
        var command = new Command("create", "Make a token and print what to type on the machine that joins.") { manager, ttl, description };
        Act(command, async (settings, tokens, parsed, cancellationToken) =>
        {
            var lifetime = parsed.GetValue(ttl) ?? JoinTokens.UsualLifetime;
            var role = parsed.GetValue(manager) ? JoinRole.Manager : JoinRole.Worker;
            var token = await tokens.CreateAsync(role, lifetime == TimeSpan.Zero ? null : lifetime, parsed.GetValue(description)!, cancellationToken);
            Console.WriteLine(JoinCommandFor(settings, token));
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the tokens that hold.");
        Act(command, async (settings, tokens, _, cancellationToken) =>
        {
            var table = new Table { Border = TableBorder.None };
            table.AddColumns("ID", "FOR", "EXPIRES", "DESCRIPTION");
            foreach (var token in await tokens.ListAsync(cancellationToken))
            {
                table.AddRow(
                    token.Id, token.Role.ToString().ToLowerInvariant(), token.Expires?.ToString("u", CultureInfo.InvariantCulture) ?? "never", token.Description.EscapeMarkup());
            }

            AnsiConsole.Write(table);
        });
        return command;
    }

    private static Command Rotate()
    {
        var command = new Command("rotate", "Make new tokens; those of before hold no more. Nodes that have joined stay.");
        Act(command, async (settings, tokens, _, cancellationToken) =>
        {
            var old = await tokens.ListAsync(cancellationToken);
            foreach (var role in Enum.GetValues<JoinRole>())
            {
                Console.WriteLine(JoinCommandFor(settings, await tokens.CreateAsync(role, JoinTokens.UsualLifetime, "made by 'flotilla token rotate'", cancellationToken)));
            }

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
        Act(command, async (_, tokens, parsed, cancellationToken) =>
        {
            var text = parsed.GetValue(id)!;
            var name = JoinToken.Parse(text)?.Id ?? text;
            Console.WriteLine(await tokens.RevokeAsync(name, cancellationToken)
                ? $"Token {name} holds no more."
                : throw new UserError($"There is no token {name}; 'flotilla token list' shows those there are."));
        });
        return command;
    }

    private static void Act(Command command, Func<ClusterSettings, JoinTokens, ParseResult, CancellationToken, Task> actAsync)
    {
        var flags = ClusterFlags.Find(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = flags.ReadServer(parsed);
            using var client = ControlPlane.AdminClient(settings);
            try
            {
                await actAsync(settings, new JoinTokens(client, TimeProvider.System), parsed, cancellationToken);
            }
            catch (HttpRequestException)
            {
                throw new UserError($"The server does not answer at {ControlPlane.ServerUrl(settings)}; start it with: flotilla up");
            }

            return 0;
        });
    }
}
