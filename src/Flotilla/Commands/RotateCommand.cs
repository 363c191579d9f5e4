using System.CommandLine;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Server.Identity;

namespace Flotilla.Commands;

/// <summary>New keys for old: what the old ones made stays readable and valid. Servers that run use them at once.</summary>
internal static class RotateCommand
{
    public static Command Create() => new("rotate", "Make a new key, for all servers.")
    {
        Key("encryption-key", ServerKeys.Encryption, "The key that Secrets are encrypted with at rest.", identity => identity.RotateEncryptionKey(), "Secrets from before are rewritten with it when a server starts next."),
        Key("token-key", ServerKeys.Tokens, "The key that service account tokens are signed with.", identity => identity.RotateTokenKey(), "Tokens signed with the keys before it stay valid."),
    };

    private static Command Key(string name, string file, string description, Action<ClusterIdentity> rotate, string what)
    {
        var command = new Command(name, description);
        var flags = ClusterFlags.Find(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = flags.ReadServer(parsed);
            if (new ServerProcess(settings).Find() is not null)
            {
                using var client = ControlPlane.AdminClient(settings);
                Console.WriteLine($"{string.Join(", ", await new KeyRotation(settings, client).RunAsync(file, cancellationToken))} use a new {name} from now on. {what}");
                return;
            }

            if (settings.Datastore.IsEtcd)
            {
                throw new UserError("All servers must get the new key, so they must run: start this one with 'flotilla up' first.");
            }

            rotate(ControlPlane.IdentityFor(settings, TimeProvider.System));
            Console.WriteLine($"There is a new {name}; it comes into use when the server starts next. {what}");
        });
        return command;
    }
}
