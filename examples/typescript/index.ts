// Blocks the addresses whose mail from shop.example bounces, or who complain; lets the shop's role read the blocked table.
import * as aws from "@pulumi/aws";
import * as sesFeedback from "@pulumi/ses-feedback";

const tables = new sesFeedback.BlockedTable("mail", { region: "eu-central-1" });

for (const kind of ["bounce", "complaint"]) {
    new sesFeedback.FeedbackPipeline(`${kind}-shop`, {
        kind,
        region: "eu-west-1",
        identities: ["shop.example"],
        blockedTableArn: tables.blockedTableArn,
        historyTableArn: tables.historyTableArn,
        messageRetentionDays: 10,
    });
}

new aws.iam.RolePolicy("shop-reads-blocked-table", { role: "shop", policy: tables.senderPolicyJson });

export const blockedTableArn = tables.blockedTableArn;
